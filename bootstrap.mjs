// What `npm start`, `npm test`, `npm pack` and `mirage-pages` run first, on whatever Node.js is there: installs the npm
// packages if the lock file has changed, then goes on with the Node.js version that they bring.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const programs = {
  start: "cli/start.ts",
  test: "tests/run.ts",
  bench: "bench/run.ts",
  limits: "bench/limits.ts",
  commands: "bench/commands.ts",
  moves: "bench/moves.ts",
  packing: "bench/packing.ts",
  pack: "cli/pack.ts",
  simulate: "tests/simulation/run.ts",
  kills: "tests/kills/run.ts",
  aws: "bench/aws.ts",
};

if (realpathSync(process.argv[1] ?? "") === fileURLToPath(import.meta.url)) {
  const [name = "", ...args] = process.argv.slice(2);
  const program = programs[name];
  if (program === undefined) {
    console.error(`bootstrap: "${name}" is none of ${Object.keys(programs).join(", ")}.`);
    process.exit(2);
  }
  run(program, args, root);
}

/** Runs a TypeScript program of this repository in a folder, and ends as it does. */
export function run(program, args, cwd) {
  installPackages();
  const options = { cwd, stdio: "inherit" };
  const child = spawn(`${root}node_modules/.bin/node`, [`${root}${program}`, ...args], options);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

/** Installs the npm packages if the lock file has changed since. */
export function installPackages() {
  const lock = createHash("sha256")
    .update(readFileSync(`${root}package-lock.json`))
    .digest("hex");
  const stamp = `${root}node_modules/.installed-from`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.error("Installing the npm packages of package-lock.json …");
  // Not `npm ci`: it wants packages of every foreign platform in the lock file, and not every registry has all.
  // What npm says goes to standard error: standard output is the program's.
  const options = { cwd: root, stdio: ["inherit", 2, "inherit"] };
  const npm = spawnSync("npm", ["install", "--no-save", "--loglevel=error"], options);
  if (npm.status !== 0) {
    console.error("bootstrap: `npm install` failed; its message is above.");
    process.exit(1);
  }
  // A new file: worktrees may share the old one by hard links.
  rmSync(stamp, { force: true });
  writeFileSync(stamp, lock);
}
