import { Argument, Command, InvalidArgumentError } from "commander";
import { CommandFailed, ExitCode } from "../failure.ts";
import { interruptible } from "../interrupt.ts";
import { print } from "../output/text.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";
import type { Result } from "../watch/watch.ts";

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
  const { json = false } = options;
  const { openSite, pastOf, recordsOf } = await import("../read/site.ts");
  const { destination, goBack } = await import("../watch/deployments.ts");
  const { showFor } = await import("../watch/show.ts");
  const site = await openSite(aim(options));
  const past = pastOf(await recordsOf(site));
  const { release } = past.live;
  const begin = Date.now();
  const say = (line: string) => {
    if (!json) print(line);
  };
  const tell = (to: number, result: Result) => {
    const seconds = Math.round((Date.now() - begin) / 100) / 10;
    if (json) console.log(JSON.stringify({ url: site.url, to, ...result, seconds }, null, 2));
    if (result.outcome !== "failed") return say(result.message);
    if (!json) throw new CommandFailed(result.message);
    process.exitCode = ExitCode.failed;
  };
  const to = destination(past, wanted);
  if (to === undefined) {
    const same = wanted === release ? "" : ` and serves what release ${wanted} did`;
    const message = `Nothing to do: release ${release} is live${same}.`;
    return tell(wanted ?? release, { outcome: "nothing", release, message });
  }
  say(`Going back from release ${release} to release ${to}.`);
  const result = await interruptible(
    () => "This was only watching: a rollback that was asked for goes on. See `mirage-pages releases`.",
    async (signal) => {
      const show = await showFor(site, "plan-rollback", json);
      try {
        return await goBack(site, to, show, signal);
      } finally {
        await show.end();
      }
    },
  );
  tell(to, result);
}
