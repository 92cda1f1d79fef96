import { files } from "./files.ts";

/** Stands in for node:child_process where a disk is copied with `cp`: the one program that runs here. */
export function execFile(
  program: string,
  args: readonly string[],
  done: (error: Error | null, output?: { stdout: string; stderr: string }) => void,
): void {
  const [from, to] = args.slice(-2);
  if (program !== "cp" || from === undefined || to === undefined)
    throw new Error(`No program ${program} here.`);
  try {
    files().copy(from, to);
    queueMicrotask(() => done(null, { stdout: "", stderr: "" }));
  } catch (error) {
    queueMicrotask(() => done(error as Error));
  }
}
