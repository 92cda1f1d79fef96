import { open, readFile, rename, stat, writeFile } from "node:fs/promises";

/** As much of a console as EC2 keeps, in bytes. */
const consoleLimit = 64 * 1024;

/**
 * A file that keeps the end of a serial console. It may grow to twice what is kept before its beginning is
 * dropped, so a guest that never stops talking fills no disk.
 */
export class ConsoleFile {
  readonly #path: string;
  #size: number;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, size: number) {
    this.#path = path;
    this.#size = size;
  }

  /** Opens a console to write on after what it holds already. */
  static async open(path: string): Promise<ConsoleFile> {
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    return new ConsoleFile(path, size);
  }

  /** Appends, in the order of the calls. */
  append(bytes: Buffer | string): Promise<void> {
    const chunk = Buffer.from(bytes);
    this.#last = this.#last.catch(() => {}).then(() => this.#append(chunk));
    return this.#last;
  }

  async #append(chunk: Buffer): Promise<void> {
    if (this.#size + chunk.length > 2 * consoleLimit) {
      const kept = Buffer.concat([await readConsole(this.#path), chunk]).subarray(-consoleLimit);
      await writeFile(`${this.#path}.new`, kept);
      await rename(`${this.#path}.new`, this.#path);
      this.#size = kept.length;
      return;
    }
    const handle = await open(this.#path, "a");
    try {
      await handle.writeFile(chunk);
    } finally {
      await handle.close();
    }
    this.#size += chunk.length;
  }
}

/** The last 64 KiB of a console; empty where there is none yet. */
export async function readConsole(path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
  return bytes.subarray(-consoleLimit);
}
