import { createHash } from "node:crypto";

/** A source of chance: the same seed and purpose give the same numbers, whatever other purposes draw. */
export interface Chance {
  /** From 0 up to and without 1. */
  next(): number;
  /** Whether something of this probability happens. */
  happens(probability: number): boolean;
  /** A number from `low` up to and without `high`. */
  between(low: number, high: number): number;
  /** A whole number from `low` up to and with `high`. */
  whole(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Buffer;
}

/** sfc32, seeded with a digest of seed and purpose. */
export function chance(seed: number, purpose: string): Chance {
  const digest = createHash("sha256").update(`${seed} ${purpose}`).digest();
  const [a0, b0, c0] = [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8)];
  let [a, b, c, counter] = [a0 | 0, b0 | 0, c0 | 0, 1];
  const word = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  const next = () => word() / 2 ** 32;
  return {
    next,
    happens: (probability) => next() < probability,
    between: (low, high) => low + next() * (high - low),
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick<T>(items: readonly T[]): T {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError("There is nothing to pick from.");
      return item;
    },
    bytes(length) {
      const words = Uint32Array.from({ length: Math.ceil(length / 4) }, word);
      return Buffer.from(words.buffer, 0, length);
    },
  };
}
