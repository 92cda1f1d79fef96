import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import type { StateName } from "../../lib/contracts.ts";
import { Lane } from "./lane.ts";
import { isState, needsAuthority, plays } from "./plays.ts";

/** `npm run kills`: kills local clouds in every state, on several at a time, and prints what became of each. */
const whole = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
};
const command = new Command("kills")
  .description("Kills a local cloud by SIGKILL in every state of the state machines, and starts it again.")
  .argument("[state...]", "the states in which to kill it; all of them when none is named")
  .option("--clouds <count>", "how many at once", whole, availableParallelism())
  .parse();
const unknown = command.args.filter((name) => !isState(name));
if (unknown.length > 0) command.error(`There is no state ${unknown.join(", ")}.`);
const states = (command.args.length > 0 ? command.args : Object.keys(plays)).filter(isState);

const started = performance.now();
const failed: string[] = [];
const waiting = [states.filter((state) => !needsAuthority(state)), states.filter(needsAuthority)];
let lanes = 0;

/** Plays states until none waits; a cloud on which one failed is left. */
async function work(): Promise<void> {
  for (const rest of waiting) {
    while (rest.length > 0) await playSome(rest);
  }
}

async function playSome(rest: StateName[]): Promise<void> {
  lanes += 1;
  const block = `127.92.${lanes}`;
  let state: StateName | undefined = rest.shift();
  if (state === undefined) return;
  let lane: Lane | undefined;
  try {
    lane = await Lane.open(block, needsAuthority(state));
    for (; state !== undefined; state = rest.shift()) {
      const { seconds } = await lane.play(state);
      console.log(
        `${state.padEnd(22)} ${plays[state].padEnd(16)} live and at rest after ${seconds.toFixed(0)} s`,
      );
    }
  } catch (error) {
    failed.push(state ?? "");
    console.error(`${state}:`, error);
  } finally {
    await lane?.close();
  }
}

const { clouds } = command.opts<{ clouds: number }>();
await Promise.all(Array.from({ length: Math.min(clouds, states.length) }, work));
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
const which = failed.length === 0 ? "" : `: ${failed.join(", ")}`;
console.log(
  `${states.length} states, ${failed.length} failed${which}; ${minutes} minutes on ${clouds} clouds`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
