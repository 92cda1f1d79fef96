import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { GetExecutionHistoryCommand, ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { LIMIT_MS as ISSUE_MS } from "../../functions/finalize-order.ts";
import { LIMIT_MS as PRESENT_MS } from "../../functions/poll-challenge.ts";
import { LIMIT_MS as IMPORT_MS } from "../../functions/poll-import.ts";
import { LIMIT_MS as ADDRESS_MS } from "../../functions/probe-address.ts";
import { MAX_ROUNDS } from "../../functions/settle.ts";
import { LIMIT_MS as START_MS } from "../../functions/start-machine.ts";
import { LIMIT_MS as VALIDATE_MS } from "../../functions/validate-challenge.ts";
import { contracts, type StateName } from "../../lib/contracts.ts";
import { PATIENCE_MS } from "../../lib/patience.ts";
import { TestStack } from "../kit/stack.ts";
import { type Machine, type Packaged, readPackaged, type State } from "./packaged.ts";
import { largest } from "./payloads.ts";

/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const LIMITS = { name: 80, definition: 1024 * 1024, payload: 256 * 1024, events: 25_000 };

/** Events of one visit of a state: entered and exited, and a Task's scheduled, started and ended between. */
const EVENTS: Readonly<Record<string, number>> = {
  Task: 5,
  Choice: 2,
  Wait: 2,
  Pass: 2,
  Fail: 1,
  Succeed: 2,
};
/** A failed attempt that is tried again: scheduled, started, failed. */
const RETRY_EVENTS = 3;

/** States that are gone through again and again: how often at most, which, and for how many seconds in all. */
interface Loop {
  readonly times: number;
  readonly seconds: number;
  readonly through: readonly string[];
}

/** What Step Functions sets bounds to, at its worst. */
describe("the state machines stay within Step Functions' limits:", () => {
  let packaged: Packaged;
  let machines: readonly (readonly [string, Machine])[];
  /** The state whose function was scheduled last. */
  let running = "";

  before(async () => {
    packaged = await readPackaged();
    machines = Object.entries(packaged.machines);
  });

  it("names of machines, and definitions", () => {
    for (const { Type, Properties } of packaged.resources.values()) {
      if (Type !== "AWS::StepFunctions::StateMachine") continue;
      assert.match(String(Properties.StateMachineName), new RegExp(`^[A-Za-z0-9_-]{1,${LIMITS.name}}$`));
    }
    for (const [name, { definition }] of machines)
      assert.ok(Buffer.byteLength(definition) <= LIMITS.definition, name);
  });

  it("the data that a deployment carries, had every contract its largest output", () => {
    const sizes = new Map(Object.entries(contracts).map(([name, { output }]) => [name, largest(output)]));
    for (const [name, size] of sizes) assert.ok(size <= LIMITS.payload, `${name}: ${size} bytes`);
    for (const [machine, { states }] of machines) {
      const together = Object.keys(states).reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
      assert.ok(together <= LIMITS.payload, `${machine} carries ${together} bytes`);
    }
  });

  it("events of the longest executions that are not given up", () => {
    const { deploy, certificate, retire } = packaged.machines;
    const events = {
      deploy: mostEvents(deploy, longestLoops()),
      certificate: mostEvents(certificate, longestOrder()),
      retire: mostEvents(retire, []),
    };
    assert.ok(events.deploy > 10_000 && events.certificate > 4_000, "the loops are counted");
    for (const [name, count] of Object.entries(events))
      assert.ok(count <= LIMITS.events, `${name}: ${count} events`);
  });

  it("a limit on the whole that leaves room for every limit inside", () => {
    const total = (machine: Machine) =>
      (JSON.parse(machine.definition) as { TimeoutSeconds: number }).TimeoutSeconds;
    const waits = { deploy: longestLoops(), certificate: longestOrder(), retire: [] };
    for (const name of ["deploy", "certificate", "retire"] as const) {
      const waiting = waits[name].reduce((sum, { seconds }) => sum + seconds, 0);
      const machine = packaged.machines[name];
      assert.ok(waiting + oneByOne(machine) <= total(machine), `${name}: ${waiting} s of waiting`);
    }
  });

  it("names of executions, and the data that one really carried", async (t) => {
    const stack = await TestStack.start();
    t.after(() => stack.stop());
    const sfn = new SFNClient(stack.sdk);
    t.after(() => sfn.destroy());
    await stack.settleAfter(() => stack.put(stack.content, "index.html", "<h1>limits</h1>"));
    let visited = 0;
    for (const machine of ["deploy", "retire"] as const) {
      const query = { stateMachineArn: stack.machineArn(machine) };
      const { executions = [] } = await sfn.send(new ListExecutionsCommand(query));
      assert.ok(executions.length > 0, machine);
      for (const { name = "", executionArn } of executions) {
        assert.match(name, new RegExp(`^[A-Za-z0-9_-]{1,${LIMITS.name}}$`));
        const { events = [] } = await sfn.send(
          new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
        );
        visited += events.filter(({ stateEnteredEventDetails }) => stateEnteredEventDetails).length;
        for (const event of events) {
          const data = [event.stateEnteredEventDetails?.input, event.stateExitedEventDetails?.output];
          for (const text of data)
            assert.ok((text?.length ?? 0) < LIMITS.payload / 16, `${text?.length} bytes`);
          const { resource = "" } = event.lambdaFunctionScheduledEventDetails ?? {};
          running = resource.split("mirage-pages-prod-")[1] ?? running;
          const { output } = event.lambdaFunctionSucceededEventDetails ?? {};
          if (output === undefined) continue;
          const contract = contracts[running as StateName].output;
          assert.ok(output.length <= largest(contract), `${running} made ${output.length} bytes`);
        }
      }
    }
    assert.ok(visited > 25, `${visited} states were visited`);
  });

  /** Every Task for as long as it may run. */
  function oneByOne({ states }: Machine): number {
    return Object.values(states).reduce((sum, { TimeoutSeconds = 0 }) => sum + TimeoutSeconds, 0);
  }

  /** The loops of the deployment. */
  function longestLoops(): Loop[] {
    const { states } = packaged.machines.deploy;
    const project = [...packaged.resources.values()].find(({ Type }) => Type === "AWS::CodeBuild::Project");
    const { TimeoutInMinutes, QueuedTimeoutInMinutes } = project?.Properties ?? {};
    const environmentOf = (name: string) =>
      [...packaged.resources.values()].find(({ Properties }) => Properties.FunctionName === name)?.Properties
        .Environment as { Variables: Record<string, string> };
    const boot = Number(environmentOf("mirage-pages-prod-probe").Variables.BOOT_SECONDS);
    const round = (wait: string) => PATIENCE_MS / 1000 + (states[wait]?.Seconds ?? 0);
    const polling = (seconds: number, poll: string, choice: string, wait: string) => ({
      times: seconds / round(wait),
      seconds,
      through: [poll, choice, wait],
    });
    const settling = ["settle", "settled?", "wait to settle"];
    // An object that changes while it is packed counts as 50 rounds and leads through all of this again.
    const again = ["settle again", "plan", "anything to do?", "start-build", "built?", "pack-site"];
    return [
      { times: MAX_ROUNDS, seconds: 3 * 3600, through: settling },
      { times: MAX_ROUNDS / 50, seconds: 0, through: again },
      polling(
        60 * (Number(TimeoutInMinutes) + Number(QueuedTimeoutInMinutes)),
        "poll-build",
        "built?",
        "wait for build",
      ),
      polling(IMPORT_MS / 1000, "poll-import", "imported?", "wait for import"),
      polling(2 * boot, "probe", "answers?", "wait for boot"),
      polling(START_MS / 1000, "start-machine", "started?", "wait for stop"),
      polling(ADDRESS_MS / 1000, "probe-address", "serves?", "wait for address"),
    ];
  }

  /** The loops of an order of a certificate. */
  function longestOrder(): Loop[] {
    const { states } = packaged.machines.certificate;
    const polling = (limitMs: number, poll: string, choice: string, wait: string) => {
      const seconds = limitMs / 1000;
      return { times: seconds / (states[wait]?.Seconds ?? 0), seconds, through: [poll, choice, wait] };
    };
    const presenting = Math.max(...Object.values(PRESENT_MS));
    return [
      polling(presenting, "poll-challenge", "presented?", "wait for the answers"),
      polling(VALIDATE_MS, "validate-challenge", "validated?", "wait for the authority's look"),
      polling(ISSUE_MS, "finalize-order", "issued?", "wait for the certificate"),
    ];
  }
});

/** Events of an execution that goes through these loops, and beside them once through every state with all attempts. */
function mostEvents({ states }: Machine, loops: readonly Loop[]): number {
  const eventsOf = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + (EVENTS[states[name]?.Type ?? ""] ?? 0), 0);
  for (const { through } of loops) for (const name of through) assert.ok(states[name], `no state ${name}`);
  const looped = loops.reduce((sum, { times, through }) => sum + Math.ceil(times) * eventsOf(through), 0);
  const retried = Object.values(states).reduce((sum, state) => sum + attemptsOf(state) * RETRY_EVENTS, 0);
  return 2 + looped + eventsOf(Object.keys(states)) + retried;
}

function attemptsOf({ Retry = [] }: State): number {
  return Retry.reduce((sum, { MaxAttempts = 3 }) => sum + MaxAttempts, 0);
}
