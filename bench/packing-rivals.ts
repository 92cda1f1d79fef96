import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { encodePath } from "../lib/site/url.ts";
import type { TestStack } from "../tests/kit/stack.ts";

const run = promisify(execFile);

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return (performance.now() - start) / 1000;
}

/** `tar | zstd -1` of a folder on this machine's disk, the better of two. */
export async function tarFromDisk(folder: string): Promise<number> {
  const command = 'tar -C "$0" -cf - . | zstd -q -1 -T0 -f -o "$0.tar.zst"';
  const once = () => seconds(() => run("bash", ["-o", "pipefail", "-c", command, folder]));
  return Math.min(await once(), await once());
}

/** The same from the local S3 and back into it, as pack-site has to: rclone fetches the files, and puts the tar. */
export async function tarFromS3({ sdk, content, state }: TestStack, folder: string): Promise<number> {
  const command = [
    'rclone copy ":s3:$1" "$0/fetched" --transfers 32 --fast-list',
    'tar -C "$0/fetched" -cf - . | zstd -q -1 -T0 -f -o "$0/fetched.tar.zst"',
    'rclone copyto --s3-acl bucket-owner-full-control "$0/fetched.tar.zst" ":s3:$2/bench/fetched.tar.zst"',
  ].join(" && ");
  const env = {
    ...{
      PATH: process.env.PATH,
      HOME: folder,
      RCLONE_S3_PROVIDER: "Other",
      RCLONE_S3_NO_CHECK_BUCKET: "true",
    },
    ...{ RCLONE_S3_ENDPOINT: sdk.endpoint, RCLONE_S3_REGION: sdk.region },
    RCLONE_S3_ACCESS_KEY_ID: sdk.credentials.accessKeyId,
    RCLONE_S3_SECRET_ACCESS_KEY: sdk.credentials.secretAccessKey,
  };
  const words = ["-o", "pipefail", "-c", command, folder, content, state];
  return seconds(() => run("bash", words, { env }));
}

/** The same files asked of the local S3 by curl, 32 at a time, and thrown away: what its share is at least. */
export async function getsAlone(
  { sdk, content }: TestStack,
  keys: string[],
  folder: string,
): Promise<number> {
  const { accessKeyId, secretAccessKey } = sdk.credentials;
  const urls = keys.map((key) => `${sdk.endpoint}/${content}/${encodePath(key)}`);
  const config = join(folder, "curl.txt");
  await writeFile(config, urls.map((url) => `url = "${url}"\noutput = "/dev/null"\n`).join(""));
  const sign = ["--aws-sigv4", `aws:amz:${sdk.region}:s3`, "--user", `${accessKeyId}:${secretAccessKey}`];
  const args = ["--silent", "--fail", "--parallel", "--parallel-max", "32", ...sign, "--config", config];
  return seconds(() => run("curl", args));
}
