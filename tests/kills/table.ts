import { Lane, type Recovery } from "./lane.ts";

/**
 * `node tests/kills/table.ts [lanes] [state …]`: kills local clouds at every state that a deployment of new content
 * goes through, on so many clouds at a time, and prints what became of it.
 */
const every = [
  ...["take-turn", "settle", "plan", "start-build", "poll-build", "pack-site", "start-import", "poll-import"],
  ...[
    "register-image",
    "launch-instance",
    "probe",
    "move-address",
    "probe-address",
    "commit",
    "notify",
    "release-turn",
  ],
];
const [lanes = "3", ...named] = process.argv.slice(2);
const states = named.length > 0 ? named : every;
const waiting = [...states];
let failed = 0;

async function work(n: number): Promise<void> {
  const lane = await Lane.open(`127.92.${n}`);
  try {
    for (let state = waiting.shift(); state !== undefined; state = waiting.shift())
      print(await lane.killAt(state));
  } finally {
    await lane.close();
  }
}

function print({ state, status, seconds }: Recovery): void {
  console.log(
    `${state.padEnd(16)} execution ${status.padEnd(9)} live and quiet after ${seconds.toFixed(0)} s`,
  );
}

for (const result of await Promise.allSettled(Array.from({ length: Number(lanes) }, (_, n) => work(n + 1)))) {
  if (result.status === "rejected") {
    failed += 1;
    console.error(result.reason);
  }
}
console.log(`${states.length} states, ${failed} lanes failed`);
process.exitCode = failed === 0 ? 0 : 1;
