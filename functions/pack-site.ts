import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { KeptUnusable } from "../lib/archive/kept.ts";
import type { PackRecord } from "../lib/archive/pack-record.ts";
import { planParts } from "../lib/archive/parts.ts";
import { ObjectChanged } from "../lib/archive/spool.ts";
import { type PackOptions, packSite } from "../lib/archive/writer.ts";
import { objectState, objectStore } from "../lib/aws/bucket.ts";
import { composeObject } from "../lib/aws/compose.ts";
import { objectOpener } from "../lib/aws/object-opener.ts";
import { changesSince } from "../lib/releases/changes.ts";
import { type Before, openKept, tellUnusable, writeVersion } from "../lib/releases/kept-archive.ts";
import { readListing } from "../lib/releases/listings.ts";
import { archiveKey, packRecordKey } from "../lib/releases/object-keys.ts";
import type { Archive } from "../lib/releases/records.ts";
import { readLive, updateRelease } from "../lib/releases/stored.ts";
import { setting } from "../lib/settings.ts";
import { sha256 } from "../lib/sha256.ts";
import { ObjectTooLarge } from "../lib/site/errors.ts";
import { checkListing } from "../lib/site/listing.ts";
import { largestRuleFile, planWithRules, ruleFiles } from "../lib/site/site-rules.ts";
import { step } from "../lib/step.ts";

/**
 * Packs just the listing that settled into a site archive and keeps it under its digest, with a record of what
 * it was packed from; what has not changed since the live release is taken from that one's. `unchanged` means
 * that the live release serves the same archive, boot partition and certificate already.
 */
export const handler = step("pack-site", async ({ execution, release, listing, boot, certificate }) => {
  const bucket = setting("STATE_BUCKET");
  const store = objectStore(bucket);
  const site = checkListing(await readListing(store, listing), { allowEmpty: setting("ALLOW_EMPTY") });
  const open = objectOpener(setting("CONTENT_BUCKET"));
  const ruleTexts = await readRuleFiles(site.objects, open);
  const keys = site.objects.map(({ key }) => key);
  const { plan, findings } = planWithRules(keys, ruleTexts);
  const now = Date.now();
  const spoolPath = join(tmpdir(), `${execution.split(":").at(-1)}.spool`);
  try {
    const content = site.objects.filter(({ key }) => !ruleFiles.includes(key));
    const objects = content.map(({ key, size, etag, lastModified }) => ({
      key,
      size,
      modified: Math.floor(Date.parse(lastModified) / 1000),
      version: writeVersion({ etag, lastModified }, now),
      open: () => openListed(open, key, etag),
    }));
    const live = (await readLive(store))?.value;
    const before = live ? await openKept(bucket, store, live.archive) : {};
    const { archive, record: packed } = await keepPacked({ objects, plan, spoolPath }, before, bucket);
    const record = { ...packed, rules: [...ruleTexts].map(ruleRecord) };
    await store.put(packRecordKey(archive.digest), JSON.stringify(record));
    const changes = changesSince(live?.release, before.record, record);
    const made = { listing, archive, boot, certificate };
    await updateRelease(store, release, { ...made, findings: [...findings], ...(changes && { changes }) });
    const unchanged =
      live?.archive.digest === archive.digest &&
      live.boot.digest === boot.digest &&
      live.certificate.fingerprint === certificate.fingerprint;
    return { archive, unchanged };
  } finally {
    await rm(spoolPath, { force: true });
  }
});

type Packing = Pick<PackOptions, "objects" | "plan" | "spoolPath">;

/**
 * Packs the objects and keeps the archive under its digest. What has not changed since the archive before is copied
 * by S3; should that one not be what its record says, everything is read anew.
 */
async function keepPacked(
  packing: Packing,
  before: Before,
  bucket: string,
): Promise<{ archive: Archive; record: PackRecord }> {
  try {
    return await packAndUpload(packing, before, bucket);
  } catch (error) {
    if (!(error instanceof KeptUnusable)) throw error;
    tellUnusable(error);
    return await packAndUpload(packing, { previous: before.previous }, bucket);
  }
}

async function packAndUpload(
  packing: Packing,
  { previous, kept }: Before,
  bucket: string,
): Promise<{ archive: Archive; record: PackRecord }> {
  const packed = await packSite({ ...packing, previous, kept });
  try {
    const { digest, bytes, files, contentBytes: siteBytes } = packed;
    const key = archiveKey(digest);
    const there = await objectState(bucket, key);
    const parts = planParts(bytes, packed.keptRuns);
    const made = { source: packed, parts, from: kept?.object, contentType: "application/x-tar" };
    const etag = there?.size === bytes ? there.etag : await composeObject(bucket, key, made);
    return { archive: { digest, bytes, files, siteBytes }, record: { ...packed.record, etag } };
  } finally {
    await packed.close();
  }
}

/** The text of each rule file that the listing has. Throws ObjectChanged, and ObjectTooLarge for what is none. */
async function readRuleFiles(
  listed: readonly { key: string; size: number; etag: string }[],
  open: ReturnType<typeof objectOpener>,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { key, size, etag } of listed.filter(({ key }) => ruleFiles.includes(key))) {
    if (size > largestRuleFile) throw new ObjectTooLarge(key, size, largestRuleFile);
    const { body } = await openListed(open, key, etag);
    files.set(key, await text(body));
  }
  return files;
}

function ruleRecord([key, text]: readonly [string, string]) {
  return { key, size: Buffer.byteLength(text), digest: sha256(text) };
}

/** Opens an object in the version that was listed; another one means that the listing has not settled. */
async function openListed(open: ReturnType<typeof objectOpener>, key: string, etag: string) {
  try {
    return await open(key, etag);
  } catch (error) {
    if (error instanceof Error && ["PreconditionFailed", "NoSuchKey"].includes(error.name)) {
      throw new ObjectChanged(key, "it was written or deleted after it had been listed");
    }
    throw error;
  }
}
