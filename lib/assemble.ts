import type { Readable } from "node:stream";
import { objectSource } from "./aws/bucket.ts";
import type { DiskBlock } from "./aws/direct.ts";
import { certificatePems } from "./certificates/current.ts";
import { diskBlocks } from "./disk/blocks.ts";
import { planDisk } from "./disk/plan.ts";
import { rawDiskStream } from "./disk/raw.ts";
import { identityTar } from "./identity/identity.ts";
import type { ObjectStore } from "./objects.ts";
import { type Archive, archiveKey, type Boot, bootKey, type Certificate, padded } from "./records.ts";

/** Two years, without preload: a promise that the site can keep whatever becomes of it. */
const HSTS = "max-age=63072000";

export interface AssembledDisk {
  readonly volumeGiB: number;
  readonly diskBytes: number;
  blocks(): AsyncIterable<DiskBlock>;
  raw(): Readable;
}

/** Where the raw disk lies while ImportSnapshot or ImportImage reads it. */
export function rawDiskKey(release: number): string {
  return `imports/${padded(release)}.raw`;
}

/**
 * Lays out a release's disk from the kept boot partition and archive and an identity of its own. A
 * self-signed certificate comes without HSTS: browsers would lock visitors out who have accepted it.
 */
export async function openDisk(
  store: ObjectStore,
  bucket: string,
  parts: { release: number; archive: Archive; boot: Boot; certificate: Certificate },
): Promise<AssembledDisk> {
  const { release, archive, boot, certificate } = parts;
  const identity = identityTar({
    release,
    archive: { digest: archive.digest, bytes: archive.bytes },
    hsts: certificate.selfSigned ? undefined : HSTS,
    ...(await certificatePems(store, certificate.serial)),
  });
  const plan = planDisk({
    bootBytes: boot.bytes,
    identity,
    archiveBytes: archive.bytes,
    digests: { boot: boot.digest, archive: archive.digest },
  });
  const sources = {
    boot: objectSource(bucket, bootKey(boot.build), boot.bytes),
    archive: objectSource(bucket, archiveKey(archive.digest), archive.bytes),
  };
  return {
    volumeGiB: plan.volumeGiB,
    diskBytes: plan.bytes,
    blocks: () => diskBlocks(plan, sources),
    raw: () => rawDiskStream(plan, sources),
  };
}
