import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** A disk with an MBR and one partition that holds this file system. */
export function mbrDisk(fileSystem: Buffer): Buffer {
  const head = Buffer.alloc(1024 * 1024);
  head.set([0x80, 0, 0, 0, 0x83, 0, 0, 0], 446);
  head.writeUInt32LE(head.length / 512, 454);
  head.writeUInt32LE(fileSystem.length / 512, 458);
  head.writeUInt16LE(0xaa55, 510);
  return Buffer.concat([head, fileSystem]);
}

export async function inScratch<T>(make: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), "mirage-pages-import-"));
  try {
    return await make(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A disk whose ext4 says which system it holds, as an installed Debian's does; nothing of it boots. */
export async function debianDisk(): Promise<Buffer> {
  const ext = await inScratch(async (directory) => {
    await mkdir(path.join(directory, "root/etc"), { recursive: true });
    await writeFile(path.join(directory, "root/etc/os-release"), "ID=debian\n");
    const image = path.join(directory, "ext.img");
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
    const args = ["-q", "-t", "ext4", "-d", `${directory}/root`, image, "8M"];
    await promisify(execFile)("mke2fs", args, { env });
    return readFile(image);
  });
  return mbrDisk(ext);
}
