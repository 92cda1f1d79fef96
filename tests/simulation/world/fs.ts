import { Readable, Writable } from "node:stream";
import { files, type MemoryFile } from "./files.ts";

/** Stands in for node:fs: as much of it as the local cloud uses, over the history's files. */
const open = new Map<number, MemoryFile>();
let next = 3;

const bytesOf = (data: string | Buffer) => (typeof data === "string" ? Buffer.from(data) : data);

export function createReadStream(
  path: string,
  { start = 0, end = Number.MAX_SAFE_INTEGER }: { readonly start?: number; readonly end?: number } = {},
): Readable {
  const bytes = files()
    .get(path)
    .read(start, end - start + 1);
  return Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false });
}

export function createWriteStream(path: string): Writable {
  const file = files().make(path);
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      file.append(chunk);
      done();
    },
  });
}

export function openSync(path: string, flags: string): number {
  const file = flags.startsWith("w") ? files().make(path) : files().find(path);
  next += 1;
  open.set(next, file);
  return next;
}

export function writeSync(descriptor: number, data: string): void {
  open.get(descriptor)?.append(Buffer.from(data));
}

export function readSync(
  descriptor: number,
  target: Buffer,
  offset: number,
  length: number,
  position: number,
): number {
  return open.get(descriptor)?.read(position, length).copy(target, offset) ?? 0;
}

export function closeSync(descriptor: number): void {
  open.delete(descriptor);
}

export function fsyncSync(): void {}

export function mkdirSync(): void {}

export function existsSync(path: string): boolean {
  return files().has(path);
}

export function readFileSync(path: string, encoding?: BufferEncoding): Buffer | string {
  const file = files().get(path);
  const bytes = file.read(0, file.size);
  return encoding === undefined ? bytes : bytes.toString(encoding);
}

export function appendFileSync(path: string, data: string | Buffer): void {
  files().find(path).append(bytesOf(data));
}

export function readdirSync(path: string): string[] {
  return files().names(path);
}

export function rmSync(path: string): void {
  files().remove(path);
}

export function linkSync(from: string, to: string): void {
  files().link(from, to);
}

export function renameSync(from: string, to: string): void {
  files().rename(from, to);
}

export function statSync(path: string): { size: number } {
  return { size: files().get(path).size };
}
