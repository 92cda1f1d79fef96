import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { GetExecutionHistoryCommand, ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { LIMIT_MS as IMPORT_MS } from "../../functions/poll-import.ts";
import { LIMIT_MS as ADDRESS_MS } from "../../functions/probe-address.ts";
import { MAX_ROUNDS } from "../../functions/settle.ts";
import { LIMIT_MS as START_MS } from "../../functions/start-machine.ts";
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

  it("events of the longest deployment that is not given up", () => {
    const { states } = packaged.machines.deploy;
    const loops = longestLoops();
    for (const { through } of loops) for (const name of through) assert.ok(states[name], `no state ${name}`);
    const looped = loops.reduce((sum, { times, through }) => sum + Math.ceil(times) * eventsOf(through), 0);
    // Beside the loops every state once, and all attempts of every Task once.
    const once = eventsOf(Object.keys(states));
    const retried = Object.values(states).reduce((sum, state) => sum + attemptsOf(state) * RETRY_EVENTS, 0);
    const events = 2 + looped + once + retried;
    assert.ok(events > 10_000, `${events} events: the loops are counted`);
    assert.ok(events <= LIMITS.events, `${events} events`);
  });

  it("a limit on the whole that leaves room for every limit inside", () => {
    const total = (machine: Machine) =>
      (JSON.parse(machine.definition) as { TimeoutSeconds: number }).TimeoutSeconds;
    const waits = longestLoops().reduce((sum, { seconds }) => sum + seconds, 0);
    assert.ok(
      waits + oneByOne(packaged.machines.deploy) <= total(packaged.machines.deploy),
      `${waits} s of waiting`,
    );
    for (const [name, machine] of machines) assert.ok(oneByOne(machine) <= total(machine), name);
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

  /** The loops of the deployment: how often at most, through which states, and for how long in all. */
  function longestLoops(): { times: number; seconds: number; through: string[] }[] {
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

  function eventsOf(names: readonly string[]): number {
    const { states } = packaged.machines.deploy;
    return names.reduce((sum, name) => sum + (EVENTS[states[name]?.Type ?? ""] ?? 0), 0);
  }
});

function attemptsOf({ Retry = [] }: State): number {
  return Retry.reduce((sum, { MaxAttempts = 3 }) => sum + MaxAttempts, 0);
}
