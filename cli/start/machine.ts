import { spawnSync } from "node:child_process";
import { readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { CannotStart } from "./errors.ts";

/** Installs the Debian packages of the build and of these lists that are missing, naming them first. Throws CannotStart. */
export function installDebianPackages(root: string, ...lists: string[]): void {
  const script = join(root, "build/install.sh");
  const { status } = spawnSync(
    script,
    lists.map((list) => join(root, list)),
    { stdio: "inherit" },
  );
  if (status !== 0)
    throw new CannotStart("the Debian packages named above are needed; see the message above.");
}

/** Throws CannotStart, naming everything that is missing, where the toolchain for MirageOS is not installed. */
export function requireMirage(root: string): void {
  const script = "here=build; . build/versions.sh; . build/toolchain-paths.sh; require_toolchain";
  const { status, stderr } = spawnSync("sh", ["-eu", "-c", script], { cwd: root, encoding: "utf8" });
  if (status === 0) return;
  throw new CannotStart(
    `${stderr.trim()}\nInstall it (docs/unikernel.md says how), or start without --backend mirage.`,
  );
}

const NEEDED_BYTES = 2 * 1024 ** 3;

/** Throws CannotStart when a directory's disk has too little room for images, snapshots and volumes. */
export function needRoom(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  if (free >= NEEDED_BYTES) return;
  throw new CannotStart(
    `there are ${Math.floor(free / 2 ** 20)} MiB free at ${directory}, and ${NEEDED_BYTES / 2 ** 20} MiB are needed. ` +
      "Free some space, or give another place with --data.",
  );
}

const LOW_PORTS = "net.ipv4.ip_unprivileged_port_start";

/**
 * The site's address answers on ports 80 and 443, as on AWS. Where only root may listen there, asks the
 * kernel to let everybody (until the next boot). Throws CannotStart.
 */
export function openLowPorts(): void {
  if (process.getuid?.() === 0) return;
  const first = Number(readFileSync(`/proc/sys/${LOW_PORTS.replaceAll(".", "/")}`, "utf8"));
  if (first <= 80) return;
  const command = ["sysctl", "-w", `${LOW_PORTS}=80`];
  console.log(`The site's address listens on ports 80 and 443, which takes: sudo ${command.join(" ")}`);
  const { status } = spawnSync("sudo", command, { stdio: "inherit" });
  if (status !== 0) throw new CannotStart(`run "sudo ${command.join(" ")}", then start again.`);
}
