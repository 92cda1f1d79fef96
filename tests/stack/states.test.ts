import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { before, describe, it } from "node:test";
import validate from "asl-validator";
import { contracts } from "../../lib/contracts.ts";
import { refusalNames } from "../../lib/site/errors.ts";
import { root } from "../kit/package.ts";
import { functionOf, type Machine, type Packaged, readPackaged, type State } from "./packaged.ts";

/** Functions that are started by events, not by a state. */
const BY_EVENTS = ["answer-challenge", "content-changed", "reconcile"];

/** The source of lib and functions, by path. */
async function sources(): Promise<Map<string, string>> {
  const paths = await Array.fromAsync(glob("{lib,functions}/**/*.ts", { cwd: root }));
  const texts = await Promise.all(paths.map((path) => readFile(join(root, path), "utf8")));
  return new Map(paths.map((path, i) => [path, texts[i] ?? ""]));
}

describe("the state machines", () => {
  let packaged: Packaged;
  let machines: readonly (readonly [string, Machine])[];
  let tasks: readonly (readonly [string, State])[];

  before(async () => {
    packaged = await readPackaged();
    machines = Object.entries(packaged.machines);
    tasks = machines.flatMap(([, { states }]) =>
      Object.entries(states).filter(([, { Type }]) => Type === "Task"),
    );
  });

  it("are valid Amazon States Language, paths and ARNs included", () => {
    for (const [name, { definition }] of machines) {
      const { isValid, errorsText } = validate(JSON.parse(definition), { checkPaths: true, checkArn: true });
      assert.ok(isValid, `${name}: ${errorsText("\n")}`);
    }
  });

  it("have state names that Step Functions takes, and none twice over both machines", () => {
    const names = machines.flatMap(([, { states }]) => Object.keys(states));
    for (const name of names) assert.ok(name.length >= 1 && name.length <= 80, name);
    assert.equal(new Set(names).size, names.length);
  });

  it("have a file, a function, a role and a contract of its name for every Task state", async () => {
    const names = tasks.map(([name]) => name).sort();
    assert.deepEqual(names, Object.keys(contracts).sort());
    const files = (await Array.fromAsync(glob("functions/*.ts", { cwd: root }))).map((file) =>
      basename(file, ".ts"),
    );
    assert.deepEqual(files.sort(), [...names, ...BY_EVENTS].sort());
    const functions = [...packaged.resources.values()].filter(({ Type }) => Type === "AWS::Lambda::Function");
    assert.deepEqual(
      functions.map(({ Properties }) => Properties.FunctionName).sort(),
      files.map((name) => `mirage-pages-prod-${name}`),
    );
    const roles = new Set<string>();
    for (const { Properties } of functions) {
      const name = String(Properties.FunctionName).slice("mirage-pages-prod-".length);
      assert.equal(Properties.Handler, `functions/${name}.handler`);
      const role = (Properties.Role as { "Fn::GetAtt": [string, string] })["Fn::GetAtt"][0];
      assert.ok(!roles.has(role), `${role} is two functions'`);
      roles.add(role);
      const { RoleName } = packaged.resources.get(role)?.Properties ?? {};
      assert.deepEqual(RoleName, { "Fn::Sub": `mirage-pages-prod-${name}-\${AWS::Region}` });
    }
    for (const [name, state] of tasks) {
      const called = packaged.resources.get(functionOf(state))?.Properties;
      assert.equal(called?.FunctionName, `mirage-pages-prod-${name}`);
      assert.match(await readFile(join(root, `functions/${name}.ts`), "utf8"), stepCall(name));
    }
  });

  it("wait for each function for as long as it may run, and have a limit themselves", () => {
    for (const [name, state] of tasks) {
      const timeout = Number(packaged.resources.get(functionOf(state))?.Properties.Timeout);
      assert.ok(timeout >= 1 && timeout <= 900, `${name} may run for ${timeout} s`);
      assert.ok((state.TimeoutSeconds ?? 0) >= timeout, `${name} is given up while its function runs`);
    }
    for (const [name, { definition }] of machines) {
      const { TimeoutSeconds } = JSON.parse(definition) as { TimeoutSeconds?: number };
      assert.ok((TimeoutSeconds ?? 0) > 0, name);
    }
  });

  it("try every Task state again after a fault that may pass", () => {
    for (const [name, { Retry = [] }] of tasks) {
      const retried = Retry.flatMap(({ ErrorEquals }) => ErrorEquals);
      for (const error of ["TransientFault", "Lambda.ServiceException", "States.Timeout"])
        assert.ok(retried.includes(error) || retried.includes("States.ALL"), `${name} ends at ${error}`);
    }
  });

  it("undo whatever happens once the turn is taken, unless the turn is lost", () => {
    const { states } = packaged.machines.deploy;
    // Before there is anything to undo; after the commit; undo itself.
    const outside = ["take-turn", "undo", "notify", "release-turn"];
    for (const [name, state] of Object.entries(states)) {
      if (state.Type !== "Task" || outside.includes(name)) continue;
      const catchers = state.Catch ?? [];
      const next = (error: string) => catchers.find(({ ErrorEquals }) => ErrorEquals.includes(error))?.Next;
      assert.equal(next("States.ALL"), "undo", name);
      assert.equal(next("TurnLost"), "turn was lost", name);
      assert.deepEqual(
        catchers.at(-1)?.ErrorEquals,
        ["States.ALL"],
        `${name}: what follows is never reached`,
      );
    }
    assert.equal(states.notify?.Catch?.[0]?.Next, "release-turn", "a message that fails keeps no turn");
  });

  it("name only errors that are thrown somewhere", async () => {
    const text = [...(await sources()).values()].join("\n");
    const own = handled().filter((name) => !/\./.test(name));
    assert.deepEqual(own.toSorted(), [
      "MachineUnreachable",
      "ObjectChanged",
      "OrderLost",
      "TransientFault",
      "TurnBusy",
      "TurnLost",
    ]);
    for (const name of own) assert.match(text, new RegExp(`throw new ${name}\\(`), name);
  });

  it("name only errors of AWS that exist", () => {
    const foreign = handled().filter((name) => /\./.test(name));
    for (const name of foreign) assert.ok(name in AWS_ERRORS, name);
    assert.ok(foreign.length >= 8, `${foreign.length} names`);
  });

  it("see no error of a module's own: whoever calls it catches it", async () => {
    const text = [...(await sources()).values()].join("\n");
    const own = [...text.matchAll(/class (\w+) extends Error\b/g)].map(([, name = ""]) => name);
    const byName = new Set(handled());
    assert.deepEqual(own.filter((name) => !byName.has(name)).sort(), Object.keys(STAYS_INSIDE).sort());
    for (const [name, why] of Object.entries(STAYS_INSIDE)) {
      const [thrown, caught] = [new RegExp(`new ${name}\\(`), new RegExp(`instanceof ${name}\\b`)];
      assert.equal(thrown.test(text), why !== BASE, `${name} is thrown`);
      assert.equal(caught.test(text), why === CAUGHT, `${name} is caught`);
    }
  });

  it("leave every other error of ours to States.ALL on purpose", async () => {
    const text = [...(await sources()).values()].join("\n");
    const classes = [...text.matchAll(/class (\w+) extends (?:DeploymentError|SiteRefused)\b/g)].map(
      ([, name = ""]) => name,
    );
    assert.ok(classes.length > 15, "the classes are found");
    const byName = new Set(handled());
    const others = classes.filter((name) => !byName.has(name) && !refusalNames.includes(name));
    assert.deepEqual(others.sort(), Object.keys(ENDS_THE_DEPLOYMENT).sort());
    for (const name of others) assert.match(text, new RegExp(`new ${name}\\(`), `nobody throws ${name}`);
  });

  it("know every refusal of a site as one: it is not tried again", async () => {
    const text = [...(await sources()).values()].join("\n");
    const refusals = [...text.matchAll(/class (\w+) extends SiteRefused\b/g)].map(([, name]) => name);
    assert.deepEqual(refusals.sort(), [...refusalNames].sort());
  });

  /** Every error name that is caught or retried. */
  function handled(): string[] {
    const names = tasks.flatMap(([, { Retry = [], Catch = [] }]) =>
      [...Retry, ...Catch].flatMap(({ ErrorEquals }) => ErrorEquals),
    );
    return [...new Set(names)];
  }
});

/** What AWS reports of its own, and when (Step Functions' guide: error names; handling Lambda's faults). */
const AWS_ERRORS: Readonly<Record<string, string>> = {
  "States.ALL": "any error but States.DataLimitExceeded and States.Runtime",
  "States.Timeout": "a state took longer than its TimeoutSeconds",
  "Lambda.ServiceException": "a fault of Lambda",
  "Lambda.AWSLambdaException": "a fault of Lambda",
  "Lambda.SdkClientException": "Lambda could not be reached",
  "Lambda.TooManyRequestsException": "throttled",
  "Sandbox.Timedout": "a function ran into its time limit",
  "Runtime.ExitError": "a function's process ended, for want of memory for instance",
};

const BASE = "the others extend it";
const CAUGHT = "caught by its caller";
const FAULT = "a fault of ours or a damaged file: undone and told like any other";
/** Errors of modules, and what becomes of them. */
const STAYS_INSIDE: Readonly<Record<string, string>> = {
  AcmeProblem: CAUGHT,
  BadArchive: FAULT,
  BadCertificate: CAUGHT,
  BadDisk: FAULT,
  ConditionFailed: CAUGHT,
  DeploymentError: BASE,
  KeptUnusable: CAUGHT,
  NoAnswer: CAUGHT,
  NoReport: CAUGHT,
  ShortRead: FAULT,
  SiteRefused: BASE,
  SourceMismatch: FAULT,
  SpoolFull: FAULT,
  UnreadableRecord: CAUGHT,
};

/** Errors that no state knows by name, and why each is undone and told like any fault. */
const ENDS_THE_DEPLOYMENT: Readonly<Record<string, string>> = {
  ContractViolation: "a fault of ours: trying again gives the same",
  NeverSettled: "hours have passed already; the next change asks anew",
  BuildFailed: "the same sources fail again",
  ImportFailed: "the message names the mode to choose; reconcile tries again later",
  ResourceGone: "a new deployment makes it anew",
  WrongAnswer: "the machine is up and serves something else: a second one would too",
  AddressTaken: "a person has to free the address",
  NothingToDeploy: "there is no site yet",
  OrderFailed: "the next attempt has a time of its own",
  NotKept: "a person names another release",
};

function stepCall(name: string): RegExp {
  return new RegExp(`export const handler = step\\(\\s*"${name}",`);
}
