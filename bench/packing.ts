import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { installDebianPackages } from "../cli/start/machine.ts";
import { root } from "../tests/kit/package.ts";
import { TestStack } from "../tests/kit/stack.ts";
import { getsAlone, tarFromDisk, tarFromS3 } from "./packing-rivals.ts";
import { functionRuns } from "./report.ts";
import { table } from "./table.ts";

/**
 * `npm run bench:packing`: 10,000 files of 1 GiB in all, which no encoding makes smaller, packed from the local S3
 * beside `tar | zstd -1` of the same files on the same cores, once from the disk and once from the local S3; then
 * packed again with one file changed. The local S3 has its share of the cores, as it runs here, too.
 */
const FILES = 10_000;
const FILE_BYTES = Math.floor(2 ** 30 / FILES);
const keys = Array.from({ length: FILES }, (_, i) => (i === 0 ? "index.html" : `${i % 100}/photo ${i}.jpg`));

installDebianPackages(root, "build/packages.txt", "bench/packages.txt");
const folder = await mkdtemp(join(tmpdir(), "mp-packing-"));
const stack = await TestStack.start();
const s3 = new S3Client(stack.sdk);
try {
  await mkdir(join(folder, "site"));
  const ended = await stack.settleAfter(async () => {
    const waiting = keys.values();
    const worker = async () => {
      for (const key of waiting) await upload(key);
    };
    await Promise.all(Array.from({ length: 16 }, worker));
  }, 900_000);
  const first = await packing();
  const disk = await tarFromDisk(join(folder, "site"));
  const fromS3 = await tarFromS3(stack, folder);
  const gets = await getsAlone(stack, keys, folder);
  await stack.settleAfter(() => upload("1/photo 1.jpg"), 900_000);
  const both = await packing();
  console.log(`${ended[0]?.message}\n`);
  console.log(
    `The local S3 alone: curl asks for the same files and throws them away in ${gets.toFixed(1)} s.\n`,
  );
  const again = both.seconds - first.seconds;
  console.log(
    table([
      {
        what: `Packing ${FILES} files of 1 GiB in all`,
        ...{ ours: first.seconds, unit: "s", aim: disk },
        rival: { what: "`tar | zstd -1` of the same files on this machine's disk", value: disk },
      },
      {
        what: "… which come from the local S3 and go back there",
        ...{ ours: first.seconds, unit: "s", aim: fromS3 },
        rival: { what: "`rclone copy`, `tar | zstd -1`, `rclone copyto`", value: fromS3 },
      },
      { what: "… memory at most", ours: first.memory, unit: "MB", aim: 512 },
      {
        what: "Packing them again with one file changed",
        ...{ ours: again, unit: "s", aim: first.seconds / 10 },
      },
    ]),
  );
} finally {
  s3.destroy();
  await stack.stop();
  await rm(folder, { recursive: true });
}

/** Puts a new file into the bucket and into the folder that tar reads. */
async function upload(Key: string): Promise<void> {
  const Body = randomBytes(FILE_BYTES);
  await s3.send(new PutObjectCommand({ Bucket: stack.content, Key, Body }));
  await writeFile(join(folder, "site", Key.replaceAll("/", " ")), Body);
}

async function packing(): Promise<{ seconds: number; memory: number }> {
  const runs = await functionRuns(stack.dataDir, "pack-site");
  return {
    seconds: runs.reduce((sum, { seconds }) => sum + seconds, 0),
    memory: Math.max(...runs.map(({ usedMb }) => usedMb)),
  };
}
