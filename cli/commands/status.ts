import { Command } from "commander";
import { ExitCode } from "../failure.ts";
import { terminalWidth } from "../output/text.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface StatusOptions extends TargetOptions {
  readonly json?: boolean;
}

const help = `
Exit code 1 when nothing is live, or when the live machine did not answer the last time it was looked at.

Examples:
  mirage-pages status
  mirage-pages status --local --json`;

/** `mirage-pages status`: what is live, and what is going on. */
export function statusCommand(): Command {
  return withTarget(new Command("status"))
    .description("Tells what is live and what is going on.")
    .option("--json", "print it as JSON")
    .addHelpText("after", help)
    .action(status);
}

async function status(_: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<StatusOptions>();
  const { openSite } = await import("../site.ts");
  const { standingOf } = await import("../status.ts");
  const { statusLines } = await import("../output/status.ts");
  const standing = await standingOf(await openSite(aim(options)));
  const { live, seen } = standing;
  if (live === null || seen?.answers === false) process.exitCode = ExitCode.failed;
  if (options.json) console.log(JSON.stringify(standing, null, 2));
  else for (const line of statusLines(standing, terminalWidth())) console.log(line);
}
