import { files, type MemoryFile } from "./files.ts";

/** Stands in for node:fs/promises: as much of it as product, local cloud and SDK use. */
const bytesOf = (data: string | Buffer) => (typeof data === "string" ? Buffer.from(data) : data);

class Handle {
  readonly #file: MemoryFile;

  constructor(file: MemoryFile) {
    this.#file = file;
  }

  async read(buffer: Buffer, offset: number, length: number, position: number) {
    const bytesRead = this.#file.read(position, length).copy(buffer, offset);
    return { bytesRead, buffer };
  }

  async write(buffer: Buffer, offset: number, length: number, position: number) {
    this.#file.write(buffer.subarray(offset, offset + length), position);
    return { bytesWritten: length, buffer };
  }

  async writeFile(data: string | Buffer): Promise<void> {
    this.#file.append(bytesOf(data));
  }

  async truncate(size = 0): Promise<void> {
    this.#file.truncate(size);
  }

  async stat() {
    return { size: this.#file.size };
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}
}

export async function open(path: string, flags = "r"): Promise<Handle> {
  if (flags.startsWith("w")) return new Handle(files().make(path));
  return new Handle(flags.startsWith("a") ? files().find(path) : files().get(path));
}

export async function readFile(
  path: string,
  encoding?: BufferEncoding | { readonly encoding?: BufferEncoding },
): Promise<Buffer | string> {
  const file = files().get(path);
  const name = typeof encoding === "string" ? encoding : encoding?.encoding;
  const bytes = file.read(0, file.size);
  return name === undefined ? Buffer.from(bytes) : bytes.toString(name);
}

export async function writeFile(path: string, data: string | Buffer): Promise<void> {
  files().make(path).append(bytesOf(data));
}

export async function appendFile(path: string, data: string | Buffer): Promise<void> {
  files().find(path).append(bytesOf(data));
}

export async function copyFile(from: string, to: string): Promise<void> {
  files().copy(from, to);
}

export async function truncate(path: string, size: number): Promise<void> {
  files().get(path).truncate(size);
}

export async function stat(path: string): Promise<{ size: number }> {
  return { size: files().get(path).size };
}

export async function mkdir(): Promise<void> {}

export async function rename(from: string, to: string): Promise<void> {
  files().rename(from, to);
}

export async function rm(path: string): Promise<void> {
  files().remove(path);
}
