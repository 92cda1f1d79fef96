import { open } from "node:fs/promises";
import { basename } from "node:path";
import { objectSize, objectSource, objectStore } from "../../lib/aws/bucket.ts";
import { fileSource, type Source } from "../../lib/disk/source.ts";
import { archiveKey } from "../../lib/releases/object-keys.ts";
import { readLive, readRelease } from "../../lib/releases/stored.ts";
import { findDeployed } from "../doctor/deployed.ts";
import { CommandFailed } from "../failure.ts";
import { aim, type TargetOptions } from "../target.ts";

/** An archive to look into. */
export interface OpenedArchive {
  readonly archive: Source;
  /** What it is, for people. */
  readonly name: string;
  /** What its archive digest has to be, where that is known. */
  readonly digest: string | undefined;
  close(): Promise<void>;
}

/**
 * Opens an archive: "live", a release's number or an archive's digest name one in the stack's state bucket;
 * everything else is the path of a file. Throws CommandFailed when it is not there.
 */
export async function openArchive(named: string, options: TargetOptions): Promise<OpenedArchive> {
  const inBucket = /^(?:live|[1-9]\d*|[0-9a-f]{64})$/.test(named);
  return inBucket ? openKept(named, options) : openFile(named);
}

async function openFile(path: string): Promise<OpenedArchive> {
  try {
    const file = await open(path, "r");
    const { size } = await file.stat();
    const digest = /^([0-9a-f]{64})\.tar$/.exec(basename(path))?.[1];
    return { archive: fileSource(file, size), name: path, digest, close: () => file.close() };
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!["ENOENT", "EACCES", "ENOTDIR"].includes(code)) throw error;
    throw new CommandFailed(
      `${path} cannot be opened (${code}). Name a file, a release's number, an archive's digest, or "live".`,
    );
  }
}

async function openKept(named: string, options: TargetOptions): Promise<OpenedArchive> {
  const target = aim(options);
  const bucket = (await findDeployed(target.stack))?.outputs.StateBucket;
  if (bucket === undefined) {
    throw new CommandFailed(
      `There is no stack ${target.stack} in ${target.region}: name its --stage and --region.`,
    );
  }
  const digest = await digestOf(named, bucket);
  const bytes = await objectSize(bucket, archiveKey(digest));
  if (bytes === undefined) {
    throw new CommandFailed(
      `The archive ${digest} is not kept any more. \`aws s3 ls ${bucket}/archives/\` shows which are.`,
    );
  }
  const archive = objectSource(bucket, archiveKey(digest), bytes);
  return { archive, name: `${bucket}/${archiveKey(digest)}`, digest, close: async () => {} };
}

async function digestOf(named: string, bucket: string): Promise<string> {
  if (named.length === 64) return named;
  const store = objectStore(bucket);
  if (named === "live") {
    const live = await readLive(store);
    if (live !== undefined) return live.value.archive.digest;
    throw new CommandFailed("Nothing is live yet.");
  }
  const release = await readRelease(store, Number(named));
  if (release?.archive !== undefined) return release.archive.digest;
  throw new CommandFailed(
    release === undefined
      ? `There is no release ${named}.`
      : `Release ${named} (${release.status}) never had an archive.`,
  );
}
