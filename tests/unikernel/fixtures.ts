import { createHash } from "node:crypto";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { packSite } from "../../lib/archive/writer.ts";
import type { DiskSources } from "../../lib/disk/blocks.ts";
import { type DiskPlan, planDisk } from "../../lib/disk/plan.ts";
import { writeDisk } from "../../lib/disk/raw.ts";
import { bufferSource } from "../../lib/disk/source.ts";
import { selfSignedCertificate } from "../../lib/identity/certificate.ts";
import { type AccessLog, identityTar } from "../../lib/identity/identity.ts";
import { planWithRules, ruleFiles } from "../../lib/site/site-rules.ts";

/** A site with its identity, packed and written to files. */
export interface PackedFixture {
  readonly archivePath: string;
  readonly identityPath: string;
  readonly archive: Buffer;
  readonly identity: Buffer;
  readonly digest: string;
  /** PEM: what a client trusts to reach `localhost` or one of the names. */
  readonly certificate: string;
  /** What of the rule files among the files is not done. */
  readonly findings: readonly string[];
}

export interface FixtureOptions {
  readonly directory: string;
  readonly files: Readonly<Record<string, Buffer | string>>;
  readonly release?: number;
  readonly names?: readonly string[];
  readonly hsts?: string;
  readonly challenge?: string;
  /** Made for `localhost` and the names when left out. */
  readonly certificate?: { readonly chainPem: string; readonly keyPem: string };
  readonly accessLog?: AccessLog;
  /** Cache-Control of objects, by their keys. */
  readonly cacheControl?: Readonly<Record<string, string>>;
  /** When every object changed last, in seconds since 1970. */
  readonly modified?: number;
}

/** Packs `files` (key → body) as the deploy machine does, with a fresh certificate for `localhost`. */
export async function packFixture(options: FixtureOptions): Promise<PackedFixture> {
  const { directory, release = 7, names, hsts, challenge, accessLog } = options;
  const texts = Object.entries(options.files).filter(([key]) => ruleFiles.includes(key));
  const { plan, findings } = planWithRules(
    Object.keys(options.files),
    new Map(texts.map(([key, content]) => [key, String(content)])),
  );
  const objects = Object.entries(options.files)
    .filter(([key]) => !ruleFiles.includes(key))
    .map(([key, content]) => {
      const body = Buffer.from(content);
      const open = async () => ({ body: Readable.from([body]), cacheControl: options.cacheControl?.[key] });
      return { key, size: body.length, modified: options.modified ?? 784_111_777, open };
    });
  const packed = await packSite({ objects, plan, spoolPath: join(directory, "spool") });
  const archive = await packed.read(0, packed.bytes);
  await packed.close();
  const { chainPem, keyPem } =
    options.certificate ??
    (await selfSignedCertificate({
      names: ["localhost", "127.0.0.1", ...(names ?? [])],
      notBefore: new Date(Date.now() - 86_400_000),
      days: 30,
    }));
  const about = { digest: packed.digest, bytes: packed.bytes };
  const settings = { release, archive: about, names, hsts, challenge, accessLog };
  const identity = identityTar({ ...settings, chainPem, keyPem });
  const archivePath = join(directory, "site.tar");
  const identityPath = join(directory, "identity.tar");
  await writeFile(archivePath, archive);
  await writeFile(identityPath, identity);
  const { digest } = packed;
  return { archivePath, identityPath, archive, identity, digest, certificate: chainPem, findings };
}

/** The disk of a fixture and this boot partition. */
export function fixtureDisk(fixture: PackedFixture, boot: Buffer): { plan: DiskPlan; sources: DiskSources } {
  const digests = { boot: createHash("sha256").update(boot).digest("hex"), archive: fixture.digest };
  const { identity, archive } = fixture;
  const plan = planDisk({ bootBytes: boot.length, identity, archiveBytes: archive.length, digests });
  return { plan, sources: { boot: bufferSource(boot), archive: bufferSource(archive) } };
}

/** Writes it to a file. */
export async function writeFixtureDisk(fixture: PackedFixture, boot: Buffer, path: string): Promise<void> {
  const { plan, sources } = fixtureDisk(fixture, boot);
  const file = await open(path, "w");
  try {
    await writeDisk(plan, sources, file);
  } finally {
    await file.close();
  }
}
