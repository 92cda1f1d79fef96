import { Command } from "commander";
import { counted, size } from "../../lib/words.ts";
import type { Difference } from "../deploy/sync.ts";
import { CommandFailed, ExitCode, inWords } from "../failure.ts";
import { interruptible } from "../interrupt.ts";
import { print } from "../output/text.ts";
import type { Site } from "../read/site.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";
import type { Result } from "../watch/watch.ts";

interface DeployOptions extends TargetOptions {
  readonly json?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly rebuild?: boolean;
}

/** What became of the files of a folder. */
interface Uploaded extends Difference {
  readonly changed: boolean;
}

const help = `
With a folder: makes the content bucket hold just its files, then follows the deployment until it is live. Files are
compared by their digests, never by their times. Names that begin with a dot are left out, but for .well-known; a link
stands for what it leads to within the folder, and one that leads out of it is refused.
Without a folder: deploys what the bucket holds, if that is not live.

Examples:
  mirage-pages deploy _site
  mirage-pages deploy _site --dry-run
  mirage-pages deploy --rebuild --region eu-central-1
  mirage-pages deploy public --json`;

/** `mirage-pages deploy`: makes a folder the site, or what is in the bucket. */
export function deployCommand(): Command {
  return withTarget(new Command("deploy"))
    .description("Uploads a built site and follows the deployment until it is live.")
    .argument("[dir]", "folder of the built site, as _site")
    .option("--dry-run", "only tell what would be uploaded and deleted")
    .option("--force", "take a folder that does not look like a built site")
    .option("--rebuild", "without a folder: compile the unikernel and deploy what is live again")
    .option("--json", "print the outcome as JSON")
    .addHelpText("after", help)
    .action(deploy);
}

async function deploy(folder: string | undefined, _: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<DeployOptions>();
  const { json = false } = options;
  if (folder !== undefined && options.rebuild) command.error("error: --rebuild takes no folder");
  if (folder === undefined && options.dryRun) command.error("error: --dry-run needs a folder");
  const begin = Date.now();
  const say = (line: string) => {
    if (!json) print(line);
  };
  const { checkedFiles } = await import("../deploy/deploy.ts");
  const found = folder === undefined ? undefined : await checkedFiles(folder, options.force ?? false);
  if (found !== undefined && found.leftOut.length > 0)
    say(`Left out, for names that begin with a dot: ${found.leftOut.join(", ")}`);
  const { openSite } = await import("../read/site.ts");
  const { differenceOf } = await import("../deploy/sync.ts");
  const site = await openSite(aim(options));
  const difference = found && (await differenceOf(found.files, site.contentBucket));
  if (difference !== undefined) say(differenceText(difference));
  if (options.dryRun && difference !== undefined) return tellDifference(difference, json);
  const { result, uploaded } = await run(site, difference, options);
  const seconds = Math.round((Date.now() - begin) / 100) / 10;
  if (json) {
    const files = uploaded && counts(uploaded);
    console.log(JSON.stringify({ url: site.url, ...result, seconds, ...files }, null, 2));
  }
  if (result.outcome !== "failed")
    return say(
      result.outcome === "live" ? `${result.message}\nAll of it took ${seconds} s.` : result.message,
    );
  if (!json) throw new CommandFailed(result.message);
  process.exitCode = ExitCode.failed;
}

/** Uploads what differs, if anything is to be uploaded, and brings what the bucket holds live. */
async function run(
  site: Site,
  difference: Difference | undefined,
  { json = false, rebuild: again = false }: DeployOptions,
): Promise<{ result: Result; uploaded: Uploaded | undefined }> {
  const { endedBefore } = await import("../watch/watch.ts");
  const { bringLive } = await import("../deploy/deploy.ts");
  const { contentListing } = await import("../../lib/releases/content-listing.ts");
  const { rebuild } = await import("../watch/deployments.ts");
  const { showFor } = await import("../watch/show.ts");
  let [sent, wanted] = [0, difference?.uploads.length ?? 0];
  const goesOn = () =>
    sent < wanted
      ? `${sent} of ${wanted} files are uploaded, and what the bucket holds now is deployed in a moment. ` +
        "Deploy the folder again, or go back with `mirage-pages rollback`."
      : "The deployment goes on without us: see `mirage-pages status`.";
  return interruptible(goesOn, async (signal) => {
    const before = await endedBefore(site.machines.deploy);
    const uploaded =
      difference &&
      (await upload(site, difference, json, signal, (files) => (sent = files)).catch((error: Error) => {
        throw signal.aborted ? error : new CommandFailed(`${inWords(error).message}\n${goesOn()}`);
      }));
    wanted = 0;
    const listing = uploaded?.listing ?? (again ? "" : await contentListing(site.contentBucket));
    const shows = await showFor(site, again ? "plan" : "settle", json);
    try {
      if (again) return { uploaded, result: await rebuild(site, shows, signal) };
      const changed = uploaded?.changed ?? false;
      return { uploaded, result: await bringLive(site, { listing, before, changed }, shows, signal) };
    } finally {
      await shows.end();
    }
  });
}

async function upload(
  { contentBucket }: Site,
  difference: Difference,
  json: boolean,
  signal: AbortSignal,
  tell: (files: number) => void,
): Promise<Uploaded> {
  const { transfer } = await import("../deploy/sync.ts");
  const { working } = await import("../output/working.ts");
  const { uploads, deletes } = difference;
  const changed = uploads.length + deletes.length > 0;
  if (!changed) return { ...difference, changed };
  const all = uploads.reduce((sum, { size }) => sum + size, 0);
  const listing = await working("uploading", json, (say) =>
    transfer(
      difference,
      contentBucket,
      ({ files, bytes }) => {
        tell(files);
        say(`${files} of ${uploads.length} files, ${all === 0 ? 100 : Math.floor((100 * bytes) / all)}%`);
      },
      signal,
    ),
  );
  return { ...difference, listing, changed };
}

function differenceText({ uploads, deletes, unchanged }: Difference): string {
  const bytes = uploads.reduce((sum, { size }) => sum + size, 0);
  return (
    `${counted(uploads.length, "file")} to upload${uploads.length === 0 ? "" : ` (${size(bytes)})`}, ` +
    `${deletes.length} to delete, ${unchanged} as they are.`
  );
}

function tellDifference({ uploads, deletes, unchanged }: Difference, json: boolean): void {
  const keys = uploads.map(({ key }) => key).sort();
  if (json) console.log(JSON.stringify({ uploads: keys, deletes, unchanged }, null, 2));
  else
    for (const line of [...keys.map((key) => `upload  ${key}`), ...deletes.map((key) => `delete  ${key}`)])
      console.log(line);
}

function counts({ uploads, deletes, unchanged }: Difference) {
  const bytes = uploads.reduce((sum, { size }) => sum + size, 0);
  return { uploaded: uploads.length, deleted: deletes.length, unchanged, bytes };
}
