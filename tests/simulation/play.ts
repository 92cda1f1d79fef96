import { createHash } from "node:crypto";
import type { SimulatedFunction } from "./cloud/lambda.ts";
import { type DeclaredStack, readStack } from "./cloud/stack.ts";
import { addressInvariant } from "./invariants/address.ts";
import { committedInvariant } from "./invariants/committed.ts";
import { contentInvariant } from "./invariants/content.ts";
import { notifiedInvariant } from "./invariants/notified.ts";
import { promptInvariant } from "./invariants/prompt.ts";
import { isTriedAgain, restless } from "./invariants/rest.ts";
import { turnInvariant } from "./invariants/turn.ts";
import { undoneInvariant } from "./invariants/undone.ts";
import { People } from "./people.ts";
import { Uploads } from "./uploads.ts";
import { World } from "./world.ts";

const invariants = [
  ...[addressInvariant, committedInvariant, contentInvariant, notifiedInvariant],
  ...[promptInvariant, turnInvariant, undoneInvariant],
];
/** Longer than anything waits before it is tried again: a listing 6 hours, the certificate 12. */
const REST_SECONDS = 14 * 3600;
const LOOK_SECONDS = 30;
/** Two runs of reconcile. */
const QUIET_SECONDS = 660;

/** How one history went. */
export interface Played {
  readonly seed: number;
  /** Names and texts of the invariants that did not hold; empty when all did. */
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  /** SHA-256 of the trace. */
  readonly digest: string;
}

/** Plays histories one after the other; everything of a history is decided by its seed. */
export class Player {
  readonly #declared: DeclaredStack;
  readonly #functions: ReadonlyMap<string, SimulatedFunction>;

  private constructor(declared: DeclaredStack, functions: ReadonlyMap<string, SimulatedFunction>) {
    this.#declared = declared;
    this.#functions = functions;
  }

  /** Loads every handler that serverless.yml declares. */
  static async open(): Promise<Player> {
    const declared = readStack();
    const functions = new Map<string, SimulatedFunction>();
    for (const { name, timeoutSeconds } of declared.functions) {
      const { handler } = (await import(`../../functions/${name}.ts`)) as Pick<SimulatedFunction, "handler">;
      functions.set(name, { handler, timeoutSeconds });
    }
    // Step Functions would start a thread with it; here it is in this one.
    await import("../../local/states/interpreter.ts");
    return new Player(declared, functions);
  }

  async play(seed: number): Promise<Played> {
    const world = await World.open(seed, this.#declared, this.#functions);
    Object.assign(process.env, world.stack.environment, { LAMBDA_TASK_ROOT: "/task" });
    world.files.make("/task/source.zip").append(Buffer.from("sources"));
    world.note(`seed ${seed}: ${world.faults.weather}, ${JSON.stringify(world.choices)}`);
    world.watchers.push(...invariants.map((watch) => watch(world)));
    new Uploads(world).begin();
    new People(world).begin();
    await playToRest(world);
    const digest = createHash("sha256").update(world.trace.join("\n")).digest("hex");
    return { seed, violations: world.violations, trace: world.trace, digest };
  }
}

/** Lets people and faults be at work, then waits until everything is at rest and stays so. */
async function playToRest(world: World): Promise<void> {
  const { clock, choices, violations } = world;
  await pass(world, choices.busySeconds);
  world.note("nobody does anything any more, and everything works again");
  const patience = clock.now + REST_SECONDS * 1000;
  for (let reasons = restless(world); reasons.length > 0; reasons = restless(world)) {
    if (violations.length > 0) return;
    if (clock.now > patience) {
      world.violate("rest", `After ${REST_SECONDS / 3600} hours without faults: ${reasons.join("; ")}.`);
      return;
    }
    await pass(world, LOOK_SECONDS);
  }
  const begun = world.executions.length;
  await pass(world, QUIET_SECONDS);
  const another = world.executions.slice(begun).find(({ machineArn }) => machineArn.endsWith("-deploy"));
  if (another !== undefined && !isTriedAgain(world))
    world.violate("rest", `Everything was at rest, and yet ${another.name} was started.`);
}

/** Lets time pass, unless an invariant is violated before. */
async function pass({ clock, violations }: World, seconds: number): Promise<void> {
  let over = false;
  clock.after(seconds * 1000, () => {
    over = true;
  });
  await clock.runUntil(() => over || violations.length > 0);
}
