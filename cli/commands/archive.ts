import { Command } from "commander";
import type { OpenedArchive } from "../archive/open.ts";
import { CommandFailed, ExitCode } from "../failure.ts";
import { print } from "../output/text.ts";
import { type TargetOptions, withTarget } from "../target.ts";

interface ArchiveOptions extends TargetOptions {
  readonly json?: boolean;
  readonly force?: boolean;
}

const help = `
An archive is a file, or, in the stack's state bucket, a release's number, an archive's digest, or "live".

Examples:
  mirage-pages archive ls live --local
  mirage-pages archive verify 12 --region eu-central-1
  mirage-pages archive extract site.tar _site`;

/** `mirage-pages archive`: looks into the site archives that releases are made of (docs/archive.md). */
export function archiveCommand(): Command {
  const archive = new Command("archive")
    .description("Lists, checks or unpacks a packed site: a file, or what a release was made of.")
    .addHelpText("after", help);
  archive.addCommand(
    withTarget(new Command("ls"))
      .description("lists what answers at which path, with the size of each form")
      .argument("<archive>", "a file, a release's number, an archive's digest, or \"live\"")
      .option("--json", "print the index as JSON")
      .action((named: string, _: unknown, command: Command) => run(named, command, list)),
  );
  archive.addCommand(
    withTarget(new Command("verify"))
      .description("checks every digest, offset and line; exit code 1 when something is wrong")
      .argument("<archive>", "a file, a release's number, an archive's digest, or \"live\"")
      .option("--json", "print what was found as JSON")
      .action((named: string, _: unknown, command: Command) => run(named, command, verify)),
  );
  archive.addCommand(
    withTarget(new Command("extract"))
      .description("writes the site's files below a directory")
      .argument("<archive>", "a file, a release's number, an archive's digest, or \"live\"")
      .argument("<directory>", "is made if it is not there")
      .option("--force", "replace files that are there already")
      .option("--json", "print what was written as JSON")
      .action((named: string, directory: string, _: unknown, command: Command) =>
        run(named, command, (opened, options) => extract(opened, directory, options)),
      ),
  );
  return archive;
}

/** Opens the archive for a command; one that is damaged is told as what it is. */
async function run(
  named: string,
  command: Command,
  act: (opened: OpenedArchive, options: ArchiveOptions) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<ArchiveOptions>();
  const { openArchive } = await import("../archive/open.ts");
  const opened = await openArchive(named, options);
  try {
    await act(opened, options);
  } catch (error) {
    if (!(error instanceof Error && ["BadArchive", "ShortRead"].includes(error.name))) throw error;
    throw new CommandFailed(`${opened.name}: ${error.message}`, { cause: error });
  } finally {
    await opened.close();
  }
}

async function list({ archive }: OpenedArchive, { json }: ArchiveOptions): Promise<void> {
  const { readIndex } = await import("../../lib/archive/reader.ts");
  const { indexLines } = await import("../output/index-lines.ts");
  const index = await readIndex(archive);
  if (json) console.log(JSON.stringify({ ...index, policies: Object.fromEntries(index.policies) }, null, 2));
  else for (const line of indexLines(index)) console.log(line);
}

async function verify({ archive, name, digest }: OpenedArchive, { json }: ArchiveOptions): Promise<void> {
  const { verifyArchive } = await import("../archive/verify.ts");
  const found = await verifyArchive(archive, digest);
  if (found.problems.length > 0) process.exitCode = ExitCode.failed;
  if (json) return console.log(JSON.stringify({ name, ...found }, null, 2));
  for (const problem of found.problems) console.log(`✗ ${problem}`);
  const what = `${name}: ${found.members} members, ${found.paths} paths, digest ${found.digest}`;
  const { length } = found.problems;
  print(
    `${what}\n${length === 0 ? "All of it is in order." : `Found ${length} problem${length > 1 ? "s" : ""}.`}`,
  );
}

async function extract(
  { archive }: OpenedArchive,
  directory: string,
  { force, json }: ArchiveOptions,
): Promise<void> {
  const { extractSite } = await import("../archive/extract.ts");
  const { showSize } = await import("../../lib/site/show.ts");
  const { counted } = await import("../../lib/words.ts");
  const { files, bytes } = await extractSite(archive, directory, force ?? false);
  if (json) return console.log(JSON.stringify({ directory, files, bytes }, null, 2));
  print(`Wrote ${counted(files, "file")}, ${showSize(bytes)}, to ${directory}.`);
}
