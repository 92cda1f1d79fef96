import { parentPort, workerData } from "node:worker_threads";
import { installHooks, type Mutation, PART_BYTES } from "./hooks.ts";
import { installClock } from "./world/clock.ts";
import { installRandomness } from "./world/randomness.ts";

/** The thread that plays histories: its clock, chance and files are replaced before anything else is loaded. */
const { mutation } = workerData as { readonly mutation?: Mutation };
const port = parentPort;
installClock();
installRandomness();
installHooks(mutation);
// What handlers log is not the trace; that tells every call.
console.log = () => {};
// The SDK's advice on bodies whose length it does not know: S3 takes them in parts of their own.
console.warn = () => {};
// Only then the SDK takes parts of this size.
const { Upload } = await import("@aws-sdk/lib-storage");
Object.assign(Upload, { MIN_PART_SIZE: PART_BYTES });
const { Player } = await import("./play.ts");
const player = await Player.open();
port?.on("message", (seed: number) => {
  player.play(seed).then(
    (played) => port.postMessage({ played }),
    (error: Error) => port.postMessage({ seed, broken: error.stack ?? String(error) }),
  );
});
port?.postMessage({ ready: true });
