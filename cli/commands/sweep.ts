import { Command } from "commander";
import type { Output } from "../../lib/contracts.ts";
import { CommandFailed, ExitCode } from "../failure.ts";
import { interruptible } from "../interrupt.ts";
import { print } from "../output/text.ts";
import type { Site } from "../read/site.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface SweepOptions extends TargetOptions {
  readonly json?: boolean;
}

const help = `
It happens by itself every hour. What releases need that can be gone back to stays. While a deployment runs it waits
for its end, and a machine that was replaced a moment ago may finish what it is sending (parameter drain).

Examples:
  mirage-pages sweep
  mirage-pages sweep --json`;

/** `mirage-pages sweep`: removes what nothing needs, now. */
export function sweepCommand(): Command {
  return withTarget(new Command("sweep"))
    .description("Removes machines, images, snapshots and archives that no kept release needs.")
    .option("--json", "print what was removed as JSON")
    .addHelpText("after", help)
    .action(sweep);
}

async function sweep(_: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<SweepOptions>();
  const { json = false } = options;
  const { openSite } = await import("../read/site.ts");
  const { runMachine } = await import("../watch/other.ts");
  const { lineAudience, silence } = await import("../watch/lines.ts");
  const { messageOf } = await import("../../lib/failure.ts");
  const site = await openSite(aim(options));
  const outcome = await interruptible(
    () => "The sweep goes on without us.",
    async (signal) =>
      runMachine(
        site.machines.retire,
        { drainSeconds: await drainLeft(site) },
        json ? silence : lineAudience(print),
        signal,
      ),
  );
  const { status, output, error, cause } = outcome;
  if (status !== "SUCCEEDED" || output === undefined) {
    const message = `The sweep ended as ${status}: ${error ?? ""} ${messageOf(cause ?? "")}`;
    if (!json) throw new CommandFailed(message);
    process.exitCode = ExitCode.failed;
    return console.log(JSON.stringify({ failed: message }, null, 2));
  }
  const removed = JSON.parse(output) as Output<"retire">;
  if (json) console.log(JSON.stringify(removed, null, 2));
  else for (const line of removedLines(removed)) print(line);
}

/** Seconds until what the live release replaced has drained. */
async function drainLeft(site: Site): Promise<number> {
  const { readLive } = await import("../../lib/releases/stored.ts");
  const { parametersOf } = await import("../read/site.ts");
  const [live, { drain }] = await Promise.all([readLive(site.store), parametersOf(site)]);
  const since = Date.parse(live?.value.since ?? "1970-01-01");
  return Math.max(0, Math.ceil((since - Date.now()) / 1000 + Number(drain)));
}

function removedLines(removed: Output<"retire">): string[] {
  const { stopped, terminated, images, snapshots, objects, abandoned, uploads } = removed;
  const told: [what: string, which: readonly (string | number)[]][] = [
    ["stopped, kept for rollback", stopped],
    ["terminated", terminated],
    ["images removed", images],
    ["snapshots removed", snapshots],
    ["objects removed", objects],
    ["uploads ended that nobody went on with", uploads],
    ["releases marked as abandoned", abandoned],
  ];
  const lines = told
    .filter(([, which]) => which.length > 0)
    .map(([what, which]) => `${what}: ${which.join(", ")}`);
  return lines.length > 0 ? lines : ["There was nothing to remove."];
}
