import { Command, InvalidArgumentError } from "commander";
import { print, terminalWidth } from "../output/text.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface ReleasesOptions extends TargetOptions {
  readonly json?: boolean;
  readonly changes?: boolean;
  readonly count: number;
}

const help = `
Those marked "kept" are what \`mirage-pages rollback\` can go to.

Examples:
  mirage-pages releases
  mirage-pages releases --changes --count 3
  mirage-pages releases --count 5 --json`;

/** `mirage-pages releases`: what was deployed, and what can be gone back to. */
export function releasesCommand(): Command {
  return withTarget(new Command("releases"))
    .description("Lists the releases, the newest first.")
    .option("--count <n>", "how many", count, 20)
    .option("--changes", "what each changed against the one before it, as far as that is known")
    .option("--json", "print them as JSON")
    .addHelpText("after", help)
    .action(releases);
}

function count(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a number, as 20.");
}

async function releases(_: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ReleasesOptions>();
  const { openSite, recordsOf } = await import("../read/site.ts");
  const { listed } = await import("../read/releases.ts");
  const { releaseLines } = await import("../output/releases.ts");
  const site = await openSite(aim(options));
  const records = await recordsOf(site, options.count);
  const shown = listed(records).slice(0, options.count);
  const { url } = site;
  const { live } = records;
  if (options.json) {
    console.log(
      JSON.stringify(
        { url, live: live?.release ?? null, held: live?.held ?? null, releases: shown },
        null,
        2,
      ),
    );
    return;
  }
  console.log(`${url}\n`);
  for (const line of releaseLines(shown, options.changes ?? false, terminalWidth())) console.log(line);
  if (live?.held !== undefined) {
    const { release } = live.held;
    print(
      `\nHeld by a rollback: the bucket has the content of release ${release}; its next change is deployed.`,
    );
  }
}
