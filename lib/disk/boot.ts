import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestObject, objectSize } from "../aws/bucket.ts";
import { BuildFailed } from "../errors.ts";
import { getJson, type ObjectStore, putJson } from "../objects.ts";
import { bootKey, bootRecordKey } from "../releases/object-keys.ts";
import { type Boot, bootSchema } from "../releases/records.ts";
import { sha256 } from "../sha256.ts";

/** Where the packager puts the zip of buildspec.yml, build/ and unikernel/ into the function's bundle. */
const SOURCE_FILE = "source.zip";

export function readSource(): Promise<Buffer> {
  return readFile(join(process.env.LAMBDA_TASK_ROOT ?? process.cwd(), SOURCE_FILE));
}

/** The digest of everything that decides what is built. */
export function buildDigest(source: Buffer, backend: string): string {
  return sha256(`${sha256(source)} ${backend}\n`);
}

export function sourceKey(source: Buffer): string {
  return `sources/${sha256(source)}.zip`;
}

/** The boot partition built from these inputs, if there is one: its record is written last. */
export async function bootOf(store: ObjectStore, build: string): Promise<Boot | undefined> {
  return (await getJson(store, bootRecordKey(build), bootSchema))?.value;
}

/** Records what a build has left in the bucket. Throws BuildFailed when there is no boot partition. */
export async function recordBoot(store: ObjectStore, bucket: string, build: string): Promise<Boot> {
  if ((await objectSize(bucket, bootKey(build))) === undefined) {
    throw new BuildFailed(
      `The build succeeded but left no ${bootKey(build)}; see "artifacts" in buildspec.yml.`,
    );
  }
  const boot: Boot = { build, ...(await digestObject(bucket, bootKey(build))) };
  await putJson(store, bootRecordKey(build), boot);
  return boot;
}
