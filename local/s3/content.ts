import { randomUUID } from "node:crypto";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Segment } from "./types.ts";

/**
 * Content files. They are named by random ids, so no key of any object ever becomes a path, and a file is never
 * written twice: readers of an object that is replaced meanwhile go on with what they began.
 */
export class ContentFiles {
  readonly directory: string;
  private readonly pinned = new Map<string, number>();
  private readonly condemned = new Set<string>();

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** A name that no file has. */
  fresh(): string {
    return randomUUID();
  }

  /** Where a content file lies. */
  path(file: string): string {
    return join(this.directory, file);
  }

  /** A second name for the same content; costs no space. */
  link(file: string): string {
    const copy = this.fresh();
    linkSync(this.path(file), this.path(copy));
    return copy;
  }

  /**
   * Bytes `start` up to and including `end` as content of its own. What is most of a file shares it and takes
   * no time; less is copied, lest it keep all of a file for a few bytes.
   */
  async share(segments: readonly Segment[], start: number, end: number): Promise<Segment[]> {
    // All are linked before the first byte is copied: the original may go meanwhile.
    const shared = slices(segments, start, end).map((slice) => ({ ...slice, file: this.link(slice.file) }));
    return Promise.all(shared.map((slice) => this.compact(slice)));
  }

  private async compact({ file, start, end }: Slice): Promise<Segment> {
    const length = end - start + 1;
    if (length * 2 >= statSync(this.path(file)).size) return { file, start, length };
    const copy = this.fresh();
    await pipeline(createReadStream(this.path(file), { start, end }), createWriteStream(this.path(copy)));
    this.remove(file);
    return { file: copy, length };
  }

  /** Removes a file, once the last reader of it is done. */
  remove(file: string): void {
    if (this.pinned.has(file)) this.condemned.add(file);
    else rmSync(this.path(file), { force: true });
  }

  /** Removes every file that `wanted` does not hold: what a killed process left behind. */
  sweep(wanted: ReadonlySet<string>): void {
    for (const file of readdirSync(this.directory))
      if (!wanted.has(file)) rmSync(this.path(file), { force: true });
  }

  /** Streams bytes `start` up to and including `end` of an object's content, a buffer at a time. */
  read(segments: readonly Segment[], start: number, end: number): Readable {
    const wanted = slices(segments, start, end);
    for (const { file } of wanted) this.pinned.set(file, (this.pinned.get(file) ?? 0) + 1);
    const stream = Readable.from(this.chunks(wanted), { objectMode: false });
    stream.once("close", () => {
      for (const { file } of wanted) this.unpin(file);
    });
    return stream;
  }

  /** The same bytes at once: for small objects a stream takes many times as long as reading does. */
  readNow(segments: readonly Segment[], start: number, end: number): Buffer {
    const pieces = slices(segments, start, end).map((slice) => {
      const piece = Buffer.allocUnsafe(slice.end - slice.start + 1);
      const file = openSync(this.path(slice.file), "r");
      try {
        readSync(file, piece, 0, piece.length, slice.start);
      } finally {
        closeSync(file);
      }
      return piece;
    });
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  }

  private async *chunks(wanted: readonly Slice[]): AsyncGenerator<Buffer> {
    for (const { file, start, end } of wanted) {
      const source = createReadStream(this.path(file), { start, end, highWaterMark: 256 * 1024 });
      for await (const chunk of source as AsyncIterable<Buffer>) yield chunk;
    }
  }

  private unpin(file: string): void {
    const count = (this.pinned.get(file) ?? 1) - 1;
    if (count > 0) {
      this.pinned.set(file, count);
      return;
    }
    this.pinned.delete(file);
    if (this.condemned.delete(file)) this.remove(file);
  }
}

interface Slice {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

function slices(segments: readonly Segment[], start: number, end: number): Slice[] {
  const wanted: Slice[] = [];
  let offset = 0;
  for (const { file, start: at = 0, length } of segments) {
    const first = Math.max(start - offset, 0);
    const last = Math.min(end - offset, length - 1);
    if (first <= last) wanted.push({ file, start: at + first, end: at + last });
    offset += length;
  }
  return wanted;
}
