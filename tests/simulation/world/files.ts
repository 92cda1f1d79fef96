/** Files are kept in pieces of this many bytes, those of zeros left out: disks are mostly holes. */
const pieceBytes = 512 * 1024;

/** A file in memory. Pieces are never written to in place, so copies share them. */
export class MemoryFile {
  size = 0;
  #pieces = new Map<number, Buffer>();
  #appended: Buffer[] = [];

  read(position: number, length: number): Buffer {
    this.#flatten();
    const end = Math.min(position + length, this.size);
    if (end <= position) return Buffer.alloc(0);
    const first = Math.floor(position / pieceBytes);
    const start = position - first * pieceBytes;
    const only = this.#pieces.get(first);
    if (only !== undefined && start + (end - position) <= only.length) {
      return only.subarray(start, start + (end - position));
    }
    const bytes = Buffer.alloc(end - position);
    for (let index = first; index * pieceBytes < end; index += 1) {
      const at = index * pieceBytes;
      const piece = this.#pieces.get(index);
      piece?.copy(bytes, Math.max(at - position, 0), Math.max(position - at, 0), Math.max(end - at, 0));
    }
    return bytes;
  }

  write(data: Buffer, position: number): void {
    this.#flatten();
    for (let at = 0; at < data.length; ) {
      const index = Math.floor((position + at) / pieceBytes);
      const start = position + at - index * pieceBytes;
      const part = data.subarray(at, at + pieceBytes - start);
      this.#pieces.set(index, placed(this.#pieces.get(index), part, start));
      at += part.length;
    }
    this.size = Math.max(this.size, position + data.length);
  }

  append(data: Buffer): void {
    this.#appended.push(Buffer.from(data));
    this.size += data.length;
  }

  truncate(size: number): void {
    this.#flatten();
    if (size < this.size) {
      for (const [index, piece] of this.#pieces) {
        const left = size - index * pieceBytes;
        if (left <= 0) this.#pieces.delete(index);
        else if (left < piece.length) this.#pieces.set(index, piece.subarray(0, left));
      }
    }
    this.size = size;
  }

  copy(): MemoryFile {
    this.#flatten();
    const copy = new MemoryFile();
    copy.size = this.size;
    copy.#pieces = new Map(this.#pieces);
    return copy;
  }

  #flatten(): void {
    if (this.#appended.length === 0) return;
    const data = Buffer.concat(this.#appended);
    this.#appended = [];
    this.size -= data.length;
    this.write(data, this.size);
  }
}

function placed(piece: Buffer | undefined, part: Buffer, start: number): Buffer {
  if (start === 0 && part.length >= (piece?.length ?? 0)) return Buffer.from(part);
  const bytes = Buffer.alloc(Math.max(piece?.length ?? 0, start + part.length));
  piece?.copy(bytes);
  part.copy(bytes, start);
  return bytes;
}

/** Every file of one history, by its path. */
export class Files {
  readonly #files = new Map<string, MemoryFile>();

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** Throws ENOENT as Node does. */
  get(path: string): MemoryFile {
    const file = this.#files.get(path);
    if (file !== undefined) return file;
    throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), {
      code: "ENOENT",
      path,
    });
  }

  make(path: string): MemoryFile {
    const file = new MemoryFile();
    this.#files.set(path, file);
    return file;
  }

  find(path: string): MemoryFile {
    return this.#files.get(path) ?? this.make(path);
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  link(from: string, to: string): void {
    this.#files.set(to, this.get(from));
  }

  rename(from: string, to: string): void {
    this.link(from, to);
    this.remove(from);
  }

  copy(from: string, to: string): void {
    this.#files.set(to, this.get(from).copy());
  }

  /** Names of what lies right in a folder. */
  names(folder: string): string[] {
    const start = `${folder}/`;
    const paths = [...this.#files.keys()].filter((path) => path.startsWith(start));
    return paths.map((path) => path.slice(start.length)).filter((name) => !name.includes("/"));
  }

  /** Every path, for what must not be left behind. */
  paths(): string[] {
    return [...this.#files.keys()];
  }
}

let current = new Files();

/** The files of the history that runs. */
export function files(): Files {
  return current;
}

/** Begins a history with these files. */
export function useFiles(next: Files): void {
  current = next;
}
