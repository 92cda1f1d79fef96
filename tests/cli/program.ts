import { type ExecFileOptions, execFile } from "node:child_process";
import { join } from "node:path";
import { root } from "../kit/package.ts";
import type { TestStack } from "../kit/stack.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, however that is. */
export function ended(program: string, args: string[], options: ExecFileOptions): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(program, args, options, (_, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout: String(stdout), stderr: String(stderr) }),
    );
  });
}

/** Runs `mirage-pages` as a person does who has no settings of AWS: package.json's "bin", as a process of its own. */
export function miragePages(
  stack: TestStack,
  args: string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  const mine = Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_"));
  const options = { env: { ...Object.fromEntries(mine), ...env }, cwd: stack.dataDir };
  return ended(join(root, "cli/mirage-pages.mjs"), args, options);
}
