import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { type Chance, chance } from "./random.ts";

let source: Chance = chance(0, "ids");

/** Makes ids and jitter of this thread come from here. */
export function useRandom(next: Chance): void {
  source = next;
}

function uuid(): ReturnType<typeof crypto.randomUUID> {
  const hex = source.bytes(16).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function fill<T extends NodeJS.ArrayBufferView>(view: T): T {
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).set(source.bytes(view.byteLength));
  return view;
}

/** Replaces every source of chance in this thread. Called once, before anything that keeps one is loaded. */
export function installRandomness(): void {
  Math.random = () => source.next();
  Object.assign(crypto, { randomUUID: uuid, randomBytes: (length: number) => source.bytes(length) });
  Object.defineProperties(globalThis.crypto, {
    randomUUID: { value: uuid },
    getRandomValues: { value: fill },
  });
  syncBuiltinESMExports();
}
