import type { Readable } from "node:stream";
import { makeAccessLogSecret } from "../access-log/secret.ts";
import { objectSource } from "../aws/bucket.ts";
import type { DiskBlock } from "../aws/direct.ts";
import { certificatePems } from "../certificates/current.ts";
import { type AccessLog, identityTar } from "../identity/identity.ts";
import type { ObjectStore } from "../objects.ts";
import { archiveKey, bootKey, padded } from "../releases/object-keys.ts";
import type { Archive, Boot, Certificate } from "../releases/records.ts";
import { STAGING, setting } from "../settings.ts";
import { HSTS } from "../site/policy.ts";
import { diskBlocks } from "./blocks.ts";
import { planDisk } from "./plan.ts";
import { rawDiskStream } from "./raw.ts";

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
 * The hosts that the machine serves, the canonical one first; undefined (any) where the site has no name. Only
 * names that the certificate has: after a change of names the certificate may be older than they are.
 */
function servedNames({ names }: Certificate): string[] | undefined {
  const served = setting("SITE_NAMES").filter((name) => names.includes(name));
  // The machine knows no wildcards: with one, every host is served.
  return served.length > 0 && !served.some((name) => name.startsWith("*.")) ? served : undefined;
}

/** What the machine needs to keep an access log; undefined where nobody wants one. */
async function accessLog(store: ObjectStore, release: number): Promise<AccessLog | undefined> {
  const addresses = setting("ACCESS_LOG");
  return addresses === "off" ? undefined : { addresses, secret: await makeAccessLogSecret(store, release) };
}

/**
 * Lays out a release's disk from the kept boot partition and archive and an identity of its own. A
 * self-signed certificate comes without HSTS, and so does one for trying out: browsers would lock visitors out who
 * have accepted it.
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
    challenge: setting("CHALLENGE_URL"),
    hsts: certificate.selfSigned || setting("ACME") === STAGING ? undefined : HSTS,
    ...(await certificatePems(store, certificate.serial)),
    names: servedNames(certificate),
    accessLog: await accessLog(store, release),
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
