import { Readable } from "node:stream";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { TestStack } from "../tests/kit/stack.ts";
import { longestRun } from "./report.ts";

/**
 * `npm run bench:limits`: the largest sites that are taken, through the whole pipeline within Lambda's limits
 * (enforced by the local Lambda), on machines that are not booted. Prints time and memory of each function.
 */
const MIB = 2 ** 20;

async function largestSite(s3: S3Client, Bucket: string): Promise<void> {
  for (const Key of ["index.html", "large.bin"]) {
    const pieces = function* () {
      for (let i = 0; i < 1024; i += 1) yield Buffer.alloc(MIB, i);
    };
    const params = { Bucket, Key, Body: Readable.from(pieces(), { objectMode: false }) };
    await new Upload({ client: s3, params, partSize: 16 * MIB }).done();
  }
}

async function mostObjects(s3: S3Client, Bucket: string): Promise<void> {
  const numbers = Array.from({ length: 50_000 }, (_, i) => i).values();
  const worker = async () => {
    for (const i of numbers) {
      const Key = i === 0 ? "index.html" : `folder ${i % 100}/page ${i}.html`;
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: `<p>${i}</p>` }));
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
}

async function measure(title: string, upload: typeof largestSite): Promise<void> {
  const stack = await TestStack.start();
  const s3 = new S3Client(stack.sdk);
  try {
    const ended = await stack.settleAfter(() => upload(s3, stack.content), 900_000);
    console.log(`\n${title}: ${ended[0]?.message}`);
    for (const name of ["settle", "plan", "pack-site", "start-import", "probe"]) {
      console.log(`  ${name.padEnd(14)}${await longestRun(stack.dataDir, name)}`);
    }
  } finally {
    s3.destroy();
    await stack.stop();
  }
}

await measure("2 GiB in two files", largestSite);
await measure("50,000 files", mostObjects);
