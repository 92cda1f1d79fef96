import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { TestStack } from "../../tests/kit/stack.ts";
import { asText, type FunctionRun, functionRuns } from "../report.ts";

const MIB = 2 ** 20;
/** Two sites, of which the second is sixteen times the first. */
const SITES_MIB = [64, 1024];
/** Each block is held for so long, as a service at the other end of a network would. */
const BLOCK_MS = 50;

/**
 * Packs sites of two sizes and writes their disks in mode direct: blocks in flight, time and memory of the two
 * functions that do it. Their limits hold here as they do on AWS: a run that passes one is ended.
 */
export async function direct(): Promise<void> {
  console.log(
    "| archive, MiB | blocks | in flight at most (aim 16 or more) | pack-site (limit 900 s) | start-import (limit 900 s) |",
  );
  console.log("| --- | --- | --- | --- | --- |");
  const written: FunctionRun[] = [];
  for (const size of SITES_MIB) {
    let [blocks, inFlight, most] = [0, 0, 0];
    const stack = await TestStack.start({
      onCall: async ({ service, action }) => {
        if (service !== "ebs" || !action.startsWith("PUT ")) return;
        blocks += 1;
        inFlight += 1;
        most = Math.max(most, inFlight);
        await pause(BLOCK_MS);
        inFlight -= 1;
      },
    });
    const s3 = new S3Client(stack.sdk);
    try {
      const ended = await stack.settleAfter(() => uploadSite(s3, stack.content, size), 600_000);
      if (ended[0]?.outcome !== "live") throw new Error(`The deployment failed: ${ended[0]?.message}`);
      const [packed] = await functionRuns(stack.dataDir, "pack-site");
      const [wrote] = await functionRuns(stack.dataDir, "start-import");
      if (packed === undefined || wrote === undefined) throw new Error("A function left no report.");
      written.push(wrote);
      console.log(`| ${size} | ${blocks} | ${most} | ${asText(packed)} | ${asText(wrote)} |`);
    } finally {
      s3.destroy();
      await stack.stop();
    }
  }
  const [small, large] = written.map(({ usedMb }) => usedMb);
  console.log(
    `start-import took ${small} MB for the small disk and ${large} MB for the large one (aim: flat).`,
  );
}

async function uploadSite(client: S3Client, Bucket: string, sizeMiB: number): Promise<void> {
  const pieces = function* () {
    for (let i = 0; i < sizeMiB - 1; i += 1) yield Buffer.alloc(MIB, i + 1);
  };
  const Body = Readable.from(pieces(), { objectMode: false });
  await new Upload({ client, params: { Bucket, Key: "large.bin", Body }, partSize: 16 * MIB }).done();
  await new Upload({ client, params: { Bucket, Key: "index.html", Body: "<h1>Large</h1>" } }).done();
}
