import { spawn } from "node:child_process";
import { glob } from "node:fs/promises";
import { installDebianPackages, openLowPorts } from "../cli/start/machine.ts";
import { root, testPackage } from "./kit/package.ts";

/**
 * `npm test`: installs what is missing, packages the stack once, then runs Node's test runner. Arguments
 * name the test files to run (all without any).
 */
installDebianPackages(root, "local/packages.txt", "tests/packages.txt");
openLowPorts();
await testPackage();
const named = process.argv.slice(2);
const files =
  named.length > 0 ? named : (await Array.fromAsync(glob("tests/**/*.test.ts", { cwd: root }))).sort();
const options = ["--test", "--test-concurrency=2", "--test-timeout=600000", "--test-reporter=spec"];
const tests = spawn(process.execPath, [...options, ...files], { cwd: root, stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => tests.kill(signal));
tests.on("exit", (code) => process.exit(code ?? 1));
