import { createHash } from "node:crypto";
import { setImmediate as turnOfLoop } from "node:timers/promises";
import { type Condition, ConditionFailed, type ObjectStore, type StoredObject } from "../../lib/objects.ts";

/** An ObjectStore as S3 is one: every call takes a moment, what it then does is whole. */
export class MemoryStore implements ObjectStore {
  readonly #bodies = new Map<string, string>();

  async get(key: string): Promise<StoredObject | undefined> {
    await turnOfLoop();
    const body = this.#bodies.get(key);
    return body === undefined ? undefined : { body, etag: etagOf(body) };
  }

  async put(key: string, body: string, condition?: Condition): Promise<string> {
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

  async putSecret(key: string, body: string, condition?: { readonly absent: true }): Promise<void> {
    await this.put(key, body, condition);
  }

  async delete(key: string, condition?: { readonly etag: string }): Promise<void> {
    await turnOfLoop();
    const stored = this.#bodies.get(key);
    if (stored === undefined) return;
    if (condition !== undefined && etagOf(stored) !== condition.etag) throw new ConditionFailed(key);
    this.#bodies.delete(key);
  }

  async list(prefix: string): Promise<string[]> {
    await turnOfLoop();
    return [...this.#bodies.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

function etagOf(body: string): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}
