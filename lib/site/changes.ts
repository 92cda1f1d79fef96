interface File {
  readonly key: string;
  readonly size: number;
  /** Of its bytes, by whatever function; equal on both sides. */
  readonly digest: string;
}

/** What differs between two sites: keys in the order of the listings, and by how many bytes the site grew. */
export interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** Negative when it shrank. */
  readonly bytes: number;
}

/** What has to be done to make one site of another. Pure. */
export function changesBetween(before: readonly File[], after: readonly File[]): Changes {
  const old = new Map(before.map((file) => [file.key, file]));
  const kept = new Set(after.map(({ key }) => key));
  const sum = (files: readonly File[]) => files.reduce((total, { size }) => total + size, 0);
  return {
    added: after.filter(({ key }) => !old.has(key)).map(({ key }) => key),
    changed: after
      .filter((file) => (old.get(file.key)?.digest ?? file.digest) !== file.digest)
      .map(({ key }) => key),
    removed: before.filter(({ key }) => !kept.has(key)).map(({ key }) => key),
    bytes: sum(after) - sum(before),
  };
}
