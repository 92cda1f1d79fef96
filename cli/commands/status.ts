import { Command } from "commander";
import { ExitCode } from "../failure.ts";
import { terminalWidth } from "../output/text.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface StatusOptions extends TargetOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

const help = `
Exit code 1 when nothing is live, or when the live machine did not answer the last time it was looked at.

Examples:
  mirage-pages status
  mirage-pages status --all
  mirage-pages status --local --json`;

/** `mirage-pages status`: what is live, and what is going on. */
export function statusCommand(): Command {
  return withTarget(new Command("status"))
    .description("Tells what is live and what is going on.")
    .option("--all", "machines, images, the certificate's renewal and the month's estimated cost as well")
    .option("--json", "print it as JSON")
    .addHelpText("after", help)
    .action(status);
}

async function status(_: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<StatusOptions>();
  const { openSite } = await import("../read/site.ts");
  const { standingOf } = await import("../read/standing.ts");
  const { statusLines } = await import("../output/status.ts");
  const site = await openSite(aim(options));
  const [standing, more] = await Promise.all([
    standingOf(site),
    options.all ? import("../read/overview.ts").then(({ overviewOf }) => overviewOf(site)) : undefined,
  ]);
  const { live, seen } = standing;
  if (live === null || seen?.answers === false) process.exitCode = ExitCode.failed;
  if (options.json) console.log(JSON.stringify({ ...standing, ...more }, null, 2));
  else for (const line of statusLines(standing, more, terminalWidth())) console.log(line);
}
