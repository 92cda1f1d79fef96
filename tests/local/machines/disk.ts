import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { packSite } from "../../../lib/archive/writer.ts";
import { type DiskBlock, diskBlocks } from "../../../lib/disk/blocks.ts";
import { planDisk } from "../../../lib/disk/plan.ts";
import { bufferSource } from "../../../lib/disk/source.ts";
import { selfSignedCertificate } from "../../../lib/identity/certificate.ts";
import { identityTar } from "../../../lib/identity/identity.ts";
import { object } from "../../lib/scratch.ts";

const run = promisify(execFile);

export interface SiteDiskOptions {
  readonly release: number;
  readonly files?: Record<string, string>;
  /** Path of the program that firmware looks for; another name makes a disk that does not boot. */
  readonly program?: string;
  /** A boot partition as the build made it, instead of one that only looks like it. */
  readonly bootImage?: Buffer;
}

export interface SiteDisk {
  readonly volumeGiB: number;
  readonly blocks: readonly DiskBlock[];
  readonly archiveDigest: string;
  readonly chainPem: string;
}

/** A disk with a site on it, made by the project's own writers. */
export async function siteDisk(options: SiteDiskOptions): Promise<SiteDisk> {
  const directory = await mkdtemp(path.join(tmpdir(), "mirage-pages-disk-"));
  try {
    const boot =
      options.bootImage ?? (await fatImage(directory, [options.program ?? "EFI/BOOT/BOOTX64.EFI"]));
    const files = options.files ?? {
      "index.html": `<p>release ${options.release}</p>`,
      "404.html": "<p>gone</p>",
    };
    const objects = Object.entries(files).map(([key, text]) => object(key, text));
    const site = await packSite({ objects, spoolPath: path.join(directory, "spool") });
    const certificate = await selfSignedCertificate({ names: ["site.test"], notBefore: new Date(), days: 2 });
    const identity = identityTar({
      release: options.release,
      archive: { digest: site.digest, bytes: site.bytes },
      hsts: "max-age=60",
      chainPem: certificate.chainPem,
      keyPem: certificate.keyPem,
    });
    const digests = { boot: createHash("sha256").update(boot).digest("hex"), archive: site.digest };
    const plan = planDisk({ bootBytes: boot.length, identity, archiveBytes: site.bytes, digests });
    const blocks: DiskBlock[] = [];
    for await (const block of diskBlocks(plan, { boot: bufferSource(boot), archive: site }))
      blocks.push(block);
    await site.close();
    return { volumeGiB: plan.volumeGiB, blocks, archiveDigest: site.digest, chainPem: certificate.chainPem };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A FAT image of 1 MiB with these files, each holding its own name. */
export async function fatImage(directory: string, files: readonly string[]): Promise<Buffer> {
  const image = path.join(directory, "fat.img");
  await run("mformat", ["-C", "-i", image, "-T", "2048", "-h", "64", "-s", "32", "::"]);
  const made = new Set<string>();
  for (const file of files) {
    const parts = file.split("/").slice(0, -1);
    for (let n = 1; n <= parts.length; n += 1) {
      const parent = parts.slice(0, n).join("/");
      if (made.has(parent)) continue;
      made.add(parent);
      await run("mmd", ["-i", image, `::/${parent}`]);
    }
    const content = path.join(directory, "content");
    await writeFile(content, file);
    await run("mcopy", ["-i", image, content, `::/${file}`]);
  }
  const bytes = await readFile(image);
  await rm(image);
  return bytes;
}
