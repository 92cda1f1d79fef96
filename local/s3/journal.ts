import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import type { ObjectRecord, PartRecord, UploadRecord } from "./types.ts";

/** One change of the metadata, as a line of JSON. */
export type Entry =
  | { readonly op: "bucket"; readonly bucket: string; readonly created: number }
  | { readonly op: "no-bucket"; readonly bucket: string }
  | { readonly op: "object"; readonly bucket: string; readonly object: ObjectRecord }
  | { readonly op: "no-object"; readonly bucket: string; readonly key: string }
  | { readonly op: "upload"; readonly upload: Omit<UploadRecord, "parts"> }
  | { readonly op: "part"; readonly upload: string; readonly part: PartRecord }
  | { readonly op: "no-upload"; readonly upload: string }
  | {
      readonly op: "complete";
      readonly upload: string;
      readonly bucket: string;
      readonly object: ObjectRecord;
    };

/**
 * The metadata of every bucket as a log that only grows. Each change is one write to the end of the file, so a
 * killed process loses nothing it has answered; a line it did not finish is dropped when reading.
 */
export class Journal {
  private readonly path: string;
  private descriptor: number | undefined;
  /** Lines in the file: tells when rewriting it pays. */
  lines = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Every entry in order. */
  read(): Entry[] {
    if (!existsSync(this.path)) return [];
    const entries: Entry[] = [];
    for (const line of readFileSync(this.path, "utf8").split("\n")) {
      if (line === "") continue;
      try {
        entries.push(JSON.parse(line) as Entry);
      } catch {
        break;
      }
    }
    this.lines = entries.length;
    return entries;
  }

  /** Adds a change to the end. */
  append(entry: Entry): void {
    this.descriptor ??= openSync(this.path, "a");
    writeSync(this.descriptor, `${JSON.stringify(entry)}\n`);
    this.lines += 1;
  }

  /** Replaces the whole log by the shortest one that says the same. */
  rewrite(entries: readonly Entry[]): void {
    this.close();
    const fresh = `${this.path}.new`;
    const descriptor = openSync(fresh, "w");
    writeSync(descriptor, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(fresh, this.path);
    this.lines = entries.length;
  }

  /** Closes the file; a later append opens it again. */
  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}
