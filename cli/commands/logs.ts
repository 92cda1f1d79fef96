import { Command, Option } from "commander";
import { CommandFailed } from "../failure.ts";
import { interruptible } from "../interrupt.ts";
import { SOURCES, type Source } from "../read/log-sources.ts";
import type { Site } from "../read/site.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface LogsOptions extends TargetOptions {
  readonly json?: boolean;
  readonly only?: Source[];
}

const help = `
A deployment is a release's number, or an execution's name; without one it is the newest. Logs are kept for 90 days.
A machine's console tells no times: its lines count from the launch, by the kernel's own seconds.

Examples:
  mirage-pages logs
  mirage-pages logs 12 --only build machine
  mirage-pages logs --json | jq -r .text`;

/** `mirage-pages logs`: everything that a deployment wrote anywhere, in time order. */
export function logsCommand(): Command {
  return withTarget(new Command("logs"))
    .description("Shows a deployment's logs in time order: its steps, functions, build and machine.")
    .argument("[deployment]", "number of a release, or name of an execution")
    .addOption(new Option("--only <sources...>", "only these").choices(SOURCES))
    .option("--json", "print each line as a JSON object")
    .addHelpText("after", help)
    .action(showLogs);
}

async function showLogs(named: string | undefined, _: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<LogsOptions>();
  const { openSite } = await import("../read/site.ts");
  const { visitsOf } = await import("../read/executions.ts");
  const { logsOf } = await import("../read/logs.ts");
  const { logLine } = await import("../output/logs.ts");
  const site = await openSite(aim(options));
  const lines = await interruptible(
    () => "Reading logs changes nothing, and nothing goes on.",
    async () => {
      const execution = await executionNamed(site, named);
      const visits = await visitsOf(execution);
      if (visits.length === 0)
        throw new CommandFailed(
          `AWS knows no execution ${execution.split(":").at(-1)} (any more: they are kept for 90 days).`,
        );
      return logsOf(site, visits, options.only ?? SOURCES);
    },
  );
  for (const line of lines)
    console.log(
      options.json ? JSON.stringify({ ...line, at: new Date(line.at).toISOString() }) : logLine(line),
    );
}

/** The execution that somebody means. Throws CommandFailed. */
async function executionNamed(site: Site, named: string | undefined): Promise<string> {
  const { readRelease, releaseNumbers } = await import("../../lib/releases/stored.ts");
  const { executionArn, executionsOf } = await import("../read/executions.ts");
  if (named !== undefined && !/^\d+$/.test(named))
    return named.startsWith("arn:") ? named : executionArn(site.machines.deploy, named);
  const [running] =
    named === undefined ? await executionsOf(site.machines.deploy, { running: true, count: 1 }) : [];
  if (running !== undefined) return running.arn;
  const number = named === undefined ? (await releaseNumbers(site.store)).at(-1) : Number(named);
  if (number === undefined) throw new CommandFailed("Nothing was deployed yet: there are no logs.");
  const release = await readRelease(site.store, number);
  if (release !== undefined) return release.execution;
  throw new CommandFailed(`There is no release ${number}; \`mirage-pages releases\` lists them.`);
}
