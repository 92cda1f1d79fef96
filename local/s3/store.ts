import { createHash, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AwsError } from "../service.ts";
import { ContentFiles } from "./content.ts";
import * as errors from "./errors.ts";
import type { Entry } from "./journal.ts";
import { Journal } from "./journal.ts";
import { compareKeys } from "./keys.ts";
import type {
  ChangeReason,
  ObjectChange,
  ObjectRecord,
  PartRecord,
  Segment,
  UploadRecord,
  WriteConditions,
} from "./types.ts";

interface Bucket {
  readonly created: number;
  readonly objects: Map<string, ObjectRecord>;
  /** Keys in S3's order; undefined after a change, until somebody lists. */
  sorted: string[] | undefined;
}

const minimumPartBytes = 5 * 1024 * 1024;

/**
 * Every bucket, object and open upload: metadata in memory and in a journal, content in files. All methods are
 * synchronous: a condition and the write it guards cannot be parted, whoever else is writing.
 *
 * fauxqs's store is not used: it takes bodies whole into memory, up to 11 MiB, orders keys by locale, turns keys
 * into paths and knows no conditional writes.
 */
export class ObjectStore {
  readonly content: ContentFiles;
  private readonly journal: Journal;
  private readonly buckets = new Map<string, Bucket>();
  private readonly uploads = new Map<string, UploadRecord>();
  private readonly onChange: (change: ObjectChange) => void;
  private sequence = BigInt(Date.now()) << 20n;

  /** Opens the store of a directory, making it if it is not there. */
  constructor(directory: string, onChange: (change: ObjectChange) => void) {
    mkdirSync(directory, { recursive: true });
    this.onChange = onChange;
    this.content = new ContentFiles(join(directory, "content"));
    this.journal = new Journal(join(directory, "journal.jsonl"));
    for (const entry of this.journal.read()) this.replay(entry);
    // Always rewritten: drops a torn last line and everything that is no longer true.
    this.journal.rewrite(this.snapshot());
    this.content.sweep(this.usedFiles());
  }

  /** Names and creation times (milliseconds) of all buckets, in order. */
  listBuckets(): { name: string; created: number }[] {
    const all = [...this.buckets].map(([name, { created }]) => ({ name, created }));
    return all.sort((a, b) => compareKeys(a.name, b.name));
  }

  /** Whether a bucket exists. */
  hasBucket(name: string): boolean {
    return this.buckets.has(name);
  }

  /** Finds or creates a bucket. Throws InvalidBucketName. */
  createBucket(name: string): void {
    if (this.buckets.has(name)) return;
    if (!/^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
      throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", 400, {
        BucketName: name,
      });
    }
    this.commit({ op: "bucket", bucket: name, created: Date.now() });
  }

  /** Removes an empty bucket. Throws NoSuchBucket, BucketNotEmpty. */
  deleteBucket(name: string): void {
    if (this.bucket(name).objects.size > 0) throw errors.bucketNotEmpty(name);
    for (const upload of this.openUploads(name)) this.abortUpload(name, upload.key, upload.id);
    this.commit({ op: "no-bucket", bucket: name });
  }

  /** An object's record. Throws NoSuchBucket, NoSuchKey. */
  object(bucket: string, key: string): ObjectRecord {
    const object = this.bucket(bucket).objects.get(key);
    if (object === undefined) throw errors.noSuchKey(key);
    return object;
  }

  /** The keys of a bucket in S3's order. Throws NoSuchBucket. */
  keys(name: string): readonly string[] {
    const bucket = this.bucket(name);
    bucket.sorted ??= [...bucket.objects.keys()].sort(compareKeys);
    return bucket.sorted;
  }

  /** Whether a write may go ahead. Throws NoSuchBucket, NoSuchKey, PreconditionFailed. */
  check(bucket: string, key: string, conditions: WriteConditions): void {
    const present = this.bucket(bucket).objects.get(key);
    const { ifMatch, ifNoneMatch } = conditions;
    if (ifNoneMatch !== undefined && present !== undefined) throw errors.preconditionFailed("If-None-Match");
    if (ifMatch === undefined) return;
    if (present === undefined) throw errors.noSuchKey(key);
    if (ifMatch !== "*" && unquote(ifMatch) !== unquote(present.etag))
      throw errors.preconditionFailed("If-Match");
  }

  /** Puts an object whose content is in place, if the conditions hold; else its content is removed and this throws. */
  put(bucket: string, object: ObjectRecord, conditions: WriteConditions, reason: ChangeReason): void {
    try {
      this.check(bucket, object.key, conditions);
    } catch (error) {
      this.removeAll(object.segments);
      throw error;
    }
    const replaced = this.bucket(bucket).objects.get(object.key);
    this.commit({ op: "object", bucket, object });
    this.removeAll(replaced?.segments);
    this.tell(bucket, object.key, reason, object);
  }

  /** Deletes an object if the conditions hold; deleting what is not there is fine. */
  delete(bucket: string, key: string, conditions: WriteConditions): void {
    this.check(bucket, key, conditions);
    const object = this.bucket(bucket).objects.get(key);
    if (object === undefined) return;
    this.commit({ op: "no-object", bucket, key });
    this.removeAll(object.segments);
    this.tell(bucket, key, "DeleteObject", undefined);
  }

  /** Opens a multipart upload and returns its id. */
  createUpload(bucket: string, key: string, headers: Record<string, string>): string {
    this.bucket(bucket);
    const id = randomUUID().replaceAll("-", "");
    this.commit({ op: "upload", upload: { id, bucket, key, initiated: Date.now(), headers } });
    return id;
  }

  /** An open upload. Throws NoSuchUpload. */
  upload(bucket: string, key: string, id: string): UploadRecord {
    const upload = this.uploads.get(id);
    if (upload === undefined || upload.bucket !== bucket || upload.key !== key) throw errors.noSuchUpload(id);
    return upload;
  }

  /** The open uploads of a bucket, by key and then by age. Throws NoSuchBucket. */
  openUploads(bucket: string): UploadRecord[] {
    this.bucket(bucket);
    const open = [...this.uploads.values()].filter((upload) => upload.bucket === bucket);
    return open.sort((a, b) => compareKeys(a.key, b.key) || a.initiated - b.initiated);
  }

  /** Adds a part whose content is in place, replacing one of the same number. Throws NoSuchUpload. */
  putPart(bucket: string, key: string, id: string, part: PartRecord): void {
    const upload = this.uploads.get(id);
    if (upload === undefined) this.removeAll(part.segments);
    const replaced = this.upload(bucket, key, id).parts.get(part.number);
    this.commit({ op: "part", upload: id, part });
    this.removeAll(replaced?.segments);
  }

  /**
   * Makes an object of the named parts. The parts' segments become its own: nothing is copied.
   * Throws NoSuchUpload, InvalidPart, InvalidPartOrder, EntityTooSmall, PreconditionFailed.
   */
  completeUpload(
    bucket: string,
    key: string,
    id: string,
    wanted: readonly { readonly number: number; readonly etag: string }[],
    conditions: WriteConditions,
  ): ObjectRecord {
    const upload = this.upload(bucket, key, id);
    this.check(bucket, key, conditions);
    const parts = chooseParts(upload, wanted);
    const digests = createHash("md5").update(
      Buffer.from(parts.map(({ etag }) => unquote(etag)).join(""), "hex"),
    );
    const object: ObjectRecord = {
      key,
      size: parts.reduce((sum, { size }) => sum + size, 0),
      etag: `"${digests.digest("hex")}-${parts.length}"`,
      lastModified: wholeSeconds(),
      headers: upload.headers,
      segments: parts.flatMap(({ segments }) => segments),
      multipart: true,
      parts: parts.map(({ size }) => size),
    };
    const used = new Set(object.segments.map(({ file }) => file));
    const replaced = this.bucket(bucket).objects.get(key);
    this.commit({ op: "complete", upload: id, bucket, object });
    const unused = [...upload.parts.values()].flatMap(({ segments }) => segments);
    this.removeAll(unused.filter(({ file }) => !used.has(file)));
    this.removeAll(replaced?.segments);
    this.tell(bucket, key, "CompleteMultipartUpload", object);
    return object;
  }

  /** Drops an upload and its parts. Throws NoSuchUpload. */
  abortUpload(bucket: string, key: string, id: string): void {
    const upload = this.upload(bucket, key, id);
    this.commit({ op: "no-upload", upload: id });
    for (const { segments } of upload.parts.values()) this.removeAll(segments);
  }

  /** Closes the journal. */
  close(): void {
    this.journal.close();
  }

  private bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) throw errors.noSuchBucket(name);
    return bucket;
  }

  private removeAll(segments: readonly Segment[] = []): void {
    for (const { file } of segments) this.content.remove(file);
  }

  private commit(entry: Entry): void {
    this.journal.append(entry);
    this.replay(entry);
  }

  private replay(entry: Entry): void {
    switch (entry.op) {
      case "bucket":
        this.buckets.set(entry.bucket, { created: entry.created, objects: new Map(), sorted: undefined });
        return;
      case "no-bucket":
        this.buckets.delete(entry.bucket);
        return;
      case "object":
        this.place(entry.bucket, entry.object);
        return;
      case "no-object": {
        const bucket = this.bucket(entry.bucket);
        bucket.objects.delete(entry.key);
        bucket.sorted = undefined;
        return;
      }
      case "upload":
        this.uploads.set(entry.upload.id, { ...entry.upload, parts: new Map() });
        return;
      case "part":
        this.uploads.get(entry.upload)?.parts.set(entry.part.number, entry.part);
        return;
      case "no-upload":
        this.uploads.delete(entry.upload);
        return;
      case "complete":
        this.uploads.delete(entry.upload);
        this.place(entry.bucket, entry.object);
        return;
    }
  }

  private place(name: string, object: ObjectRecord): void {
    const bucket = this.bucket(name);
    if (!bucket.objects.has(object.key)) bucket.sorted = undefined;
    bucket.objects.set(object.key, object);
  }

  private snapshot(): Entry[] {
    const entries: Entry[] = [];
    for (const [bucket, { created, objects }] of this.buckets) {
      entries.push({ op: "bucket", bucket, created });
      for (const object of objects.values()) entries.push({ op: "object", bucket, object });
    }
    for (const { parts, ...upload } of this.uploads.values()) {
      entries.push({ op: "upload", upload });
      for (const part of parts.values()) entries.push({ op: "part", upload: upload.id, part });
    }
    return entries;
  }

  private usedFiles(): Set<string> {
    const used = new Set<string>();
    for (const { objects } of this.buckets.values()) {
      for (const { segments } of objects.values()) for (const { file } of segments) used.add(file);
    }
    for (const { parts } of this.uploads.values()) {
      for (const { segments } of parts.values()) for (const { file } of segments) used.add(file);
    }
    return used;
  }

  private tell(bucket: string, key: string, reason: ChangeReason, object: ObjectRecord | undefined): void {
    this.sequence += 1n;
    const sequencer = this.sequence.toString(16).toUpperCase().padStart(18, "0");
    this.onChange({ bucket, key, reason, object, sequencer });
  }
}

/** An ETag without its quotes. */
export function unquote(etag: string): string {
  return etag.replaceAll('"', "");
}

/** Now, in milliseconds, without the part of a second. */
export function wholeSeconds(): number {
  return Math.floor(Date.now() / 1000) * 1000;
}

function chooseParts(
  upload: UploadRecord,
  wanted: readonly { readonly number: number; readonly etag: string }[],
): PartRecord[] {
  if (wanted.length === 0) throw new AwsError("MalformedXML", "The list of parts is empty.");
  return wanted.map(({ number, etag }, index) => {
    if (number <= (wanted[index - 1]?.number ?? 0)) throw errors.invalidPartOrder();
    const part = upload.parts.get(number);
    if (part === undefined || unquote(part.etag) !== unquote(etag)) throw errors.invalidPart(number);
    if (index < wanted.length - 1 && part.size < minimumPartBytes) throw errors.entityTooSmall(number);
    return part;
  });
}
