import { readFileSync } from "node:fs";

/** When a process began, in the kernel's ticks: with the number it names a process for ever. Undefined: it is gone. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Fields after the command, which is in brackets and may hold anything; the 22nd of all is the start time.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
