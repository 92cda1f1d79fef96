import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

export interface Report {
  readonly site: { readonly files: number; readonly bytes: number };
  readonly seconds: { readonly total: number; readonly build: number; readonly boot: number };
  readonly disk: { readonly bytes: number };
  readonly verified: { readonly paths: number; readonly mismatches: number };
}

const root = resolve(import.meta.dirname, "..");

/** Runs `npm start -- --once` on a data directory: seconds until it ended, and its report. */
export async function start(data: string, report: string): Promise<{ seconds: number; report: Report }> {
  const begun = performance.now();
  const args = [
    "bootstrap.mjs",
    "start",
    "--once",
    "--data",
    data,
    "--port",
    "0",
    "--block",
    "127.90.0",
    "--report",
    report,
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
  const code = await new Promise((done) => child.on("exit", done));
  if (code !== 0)
    throw new Error(`npm start ended with exit code ${code}; a figure of it would mean nothing.`);
  const seconds = (performance.now() - begun) / 1000;
  return { seconds, report: JSON.parse(await readFile(report, "utf8")) as Report };
}
