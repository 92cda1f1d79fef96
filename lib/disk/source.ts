import type { FileHandle } from "node:fs/promises";

/** Bytes that can be read anywhere: a file, an object in S3, a part of another source. */
export interface Source {
  /** Bytes there are. */
  readonly size: number;
  /** Reads exactly `length` bytes from `offset` on; rejects when there are not that many. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** A source ended before the bytes that it was said to have. */
export class ShortRead extends Error {
  constructor(what: string, offset: number, length: number, size: number) {
    super(`${what} has ${size} bytes; ${length} were asked for at ${offset}. It changed or was cut off.`);
    this.name = "ShortRead";
  }
}

/** Throws ShortRead unless `length` bytes lie at `offset` within `size`. */
export function checkRange(what: string, offset: number, length: number, size: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (!whole || offset < 0 || length < 0 || offset + length > size) {
    throw new ShortRead(what, offset, length, size);
  }
}

/** A source of bytes in memory. */
export function bufferSource(buffer: Buffer): Source {
  return {
    size: buffer.length,
    async read(offset, length) {
      checkRange("The buffer", offset, length, buffer.length);
      return buffer.subarray(offset, offset + length);
    },
  };
}

/** A source over an open file of `size` bytes; the caller closes the file. */
export function fileSource(file: FileHandle, size: number): Source {
  return {
    size,
    async read(offset, length) {
      checkRange("The file", offset, length, size);
      const buffer = Buffer.allocUnsafe(length);
      await readExactly(file, buffer, offset);
      return buffer;
    },
  };
}

/** Fills `buffer` from the file at `position`. Throws ShortRead at the end of the file. */
export async function readExactly(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) throw new ShortRead("The file", position, buffer.length, position + done);
    done += bytesRead;
  }
}

/** Writes all of `buffer` to the file at `position`. */
export async function writeExactly(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesWritten } = await file.write(buffer, done, buffer.length - done, position + done);
    done += bytesWritten;
  }
}

/** The part of a source that begins at `offset`, `size` bytes long. Throws ShortRead when it is not all there. */
export function slice(source: Source, offset: number, size: number): Source {
  checkRange("The source", offset, size, source.size);
  return {
    size,
    async read(at, length) {
      checkRange("This part", at, length, size);
      return source.read(offset + at, length);
    },
  };
}
