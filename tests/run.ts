import { spawn } from "node:child_process";
import { glob, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installDebianPackages, openLowPorts } from "../cli/start/machine.ts";
import { root, testPackage } from "./kit/package.ts";
import { RECORDING } from "./kit/recording.ts";

/**
 * `npm test`: installs what is missing, packages the stack once, then runs Node's test runner; those of
 * tests/last after all others, as they look at what the others recorded. Arguments name the test files to run
 * (all without any).
 */
installDebianPackages(root, "local/packages.txt", "tests/packages.txt");
openLowPorts();
await testPackage();
const named = process.argv.slice(2);
const all = (await Array.fromAsync(glob("tests/**/*.test.ts", { cwd: root }))).sort();
const last = all.filter((file) => file.startsWith("tests/last/"));
const recording = await mkdtemp(join(tmpdir(), "mp-recording-"));

if (named.length > 0) process.exitCode = await run(named);
else {
  const env = { ...process.env, [RECORDING]: recording };
  process.exitCode = await run(
    all.filter((file) => !last.includes(file)),
    env,
  );
  if (process.exitCode === 0) process.exitCode = await run(last, env);
  else console.error("tests/last was not run: it judges by the calls of a run without failures.");
}
await rm(recording, { recursive: true });

/** Runs test files and gives the exit code; a signal that ends this program ends them first. */
function run(files: readonly string[], env = process.env): Promise<number> {
  const options = ["--test", "--test-concurrency=2", "--test-timeout=600000", "--test-reporter=spec"];
  const tests = spawn(process.execPath, [...options, ...files], { cwd: root, stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => tests.kill(signal));
  return new Promise((done) => tests.on("exit", (code) => done(code ?? 1)));
}
