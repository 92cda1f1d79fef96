import { createReadStream, createWriteStream, globSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Place } from "../account.ts";
import type { AccessKey } from "../iam/directory.ts";
import { unpackBuffer } from "../lambda/package.ts";
import type { Buildspec } from "./buildspec.ts";

/** What a build brings in and out goes through S3 with its project's role, so that the role must allow it. */
export class Transfer {
  private readonly client: S3Client;

  constructor(place: Place, key: AccessKey) {
    this.client = new S3Client({
      endpoint: place.endpoint,
      region: place.region,
      forcePathStyle: true,
      credentials: { ...key },
    });
  }

  /** Fetches a zip "bucket/key" and unpacks it below a directory; returns where. */
  async fetchSource(location: string, directory: string): Promise<string> {
    const path = location.replace(/^arn:aws:s3:::/, "");
    const slash = path.indexOf("/");
    const object = { Bucket: path.slice(0, slash), Key: path.slice(slash + 1) };
    const { Body } = await this.client.send(new GetObjectCommand(object));
    const zip = Buffer.from((await Body?.transformToByteArray()) ?? []);
    await mkdir(directory, { recursive: true });
    return (await unpackBuffer(zip, directory)).directory;
  }

  /** Uploads the files that a buildspec names and returns how many there were. */
  async sendArtifacts(
    source: string,
    artifacts: Buildspec["artifacts"],
    bucket: string,
    prefix: string,
  ): Promise<number> {
    const base = join(source, artifacts.baseDirectory);
    const found = artifacts.files.flatMap((pattern) =>
      globSync(pattern === "**/*" ? "**" : pattern, { cwd: base }),
    );
    const files = [...new Set(found)].filter((file) => statSync(join(base, file)).isFile());
    for (const file of files) {
      const path = join(base, file);
      const name = artifacts.discardPaths ? basename(file) : relative(base, path);
      await this.sendFile(bucket, `${prefix}${name}`, path);
    }
    return files.length;
  }

  /** Uploads one file. */
  async sendFile(Bucket: string, Key: string, path: string): Promise<void> {
    const [Body, ContentLength] = [createReadStream(path), statSync(path).size];
    await this.client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength }));
  }

  /** Fetches an object into a file. */
  async fetchFile(Bucket: string, Key: string, path: string): Promise<void> {
    const { Body } = await this.client.send(new GetObjectCommand({ Bucket, Key }));
    await pipeline(Body as Readable, createWriteStream(path));
  }

  /** Ends the connections. */
  close(): void {
    this.client.destroy();
  }
}
