import { Argument, Command, InvalidArgumentError } from "commander";
import { CommandFailed, ExitCode } from "../failure.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface RollbackOptions extends TargetOptions {
  readonly json?: boolean;
}

const help = `
Without a number it goes back to the release that was live last. The site is then held there: the next change of
the bucket's content is deployed, nothing else undoes the rollback. While a deployment runs, it waits for its end.

Examples:
  mirage-pages rollback
  mirage-pages rollback 12 --json`;

/** `mirage-pages rollback`: makes a kept release live again. */
export function rollbackCommand(): Command {
  return withTarget(new Command("rollback"))
    .description("Goes back to the release before, or to any that is kept.")
    .addArgument(new Argument("[release]", "number of a release, as `releases` tells it").argParser(number))
    .option("--json", "print the outcome as JSON")
    .addHelpText("after", help)
    .action(rollback);
}

function number(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A release is a number, as 12.");
}

async function rollback(wanted: number | undefined, _: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<RollbackOptions>();
  const { openSite, pastOf, recordsOf } = await import("../read/site.ts");
  const { goBack } = await import("../rollback.ts");
  const site = await openSite(aim(options));
  const say = (line: string) => {
    if (!options.json) console.log(line);
  };
  process.once("SIGINT", () => {
    console.error(
      "\nThis was only watching: a rollback that was asked for goes on. See `mirage-pages releases`.",
    );
    process.exit(ExitCode.failed);
  });
  const outcome = await goBack(site.machines.deploy, pastOf(await recordsOf(site)), wanted, say);
  if (options.json) console.log(JSON.stringify({ url: site.url, ...outcome }, null, 2));
  if (outcome.outcome !== "failed") return say(outcome.message);
  if (!options.json) throw new CommandFailed(outcome.message);
  process.exitCode = ExitCode.failed;
}
