import { createHash } from "node:crypto";
import { setImmediate as turnOfLoop } from "node:timers/promises";
import { type Condition, ConditionFailed, type ObjectStore, type StoredObject } from "../../lib/objects.ts";

/** An ObjectStore as S3 is one: every call takes a moment, what it then does is whole. */
export class MemoryStore implements ObjectStore {
  readonly #bodies = new Map<string, string>();
  /** Counts of calls, by method. */
  readonly calls = { get: 0, put: 0, delete: 0, list: 0 };

  async get(key: string): Promise<StoredObject | undefined> {
    this.calls.get += 1;
    await turnOfLoop();
    const body = this.#bodies.get(key);
    return body === undefined ? undefined : { body, etag: etagOf(body) };
  }

  async put(key: string, body: string, condition?: Condition): Promise<string> {
    this.calls.put += 1;
    await turnOfLoop();
    const stored = this.#bodies.get(key);
    if (condition !== undefined) {
      const holds =
        "absent" in condition
          ? stored === undefined
          : stored !== undefined && etagOf(stored) === condition.etag;
      if (!holds) throw new ConditionFailed(key);
    }
    this.#bodies.set(key, body);
    return etagOf(body);
  }

  async delete(key: string, condition?: { readonly etag: string }): Promise<void> {
    this.calls.delete += 1;
    await turnOfLoop();
    const stored = this.#bodies.get(key);
    if (stored === undefined) return;
    if (condition !== undefined && etagOf(stored) !== condition.etag) throw new ConditionFailed(key);
    this.#bodies.delete(key);
  }

  async list(prefix: string): Promise<string[]> {
    this.calls.list += 1;
    await turnOfLoop();
    return [...this.#bodies.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

function etagOf(body: string): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}
