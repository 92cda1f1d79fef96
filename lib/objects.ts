/** A stored object as small JSON documents are read: its text and its entity tag. */
export interface StoredObject {
  readonly body: string;
  readonly etag: string;
}

/** What must hold for a write to happen: nothing stored yet, or just this version. */
export type Condition = { readonly absent: true } | { readonly etag: string };

/** A write whose condition did not hold: somebody else was first. */
export class ConditionFailed extends Error {
  override readonly name = "ConditionFailed";
}

/**
 * Small documents in the state bucket, as the turn protocol and the records need them. Reads and lists
 * are strongly consistent (as S3's are); a write may end without an answer and yet have happened.
 */
export interface ObjectStore {
  /** The object, or undefined where there is none. */
  get(key: string): Promise<StoredObject | undefined>;
  /** Writes and returns the new entity tag. Throws ConditionFailed. */
  put(key: string, body: string, condition?: Condition): Promise<string>;
  /**
   * Writes a secret: S3 encrypts it with the account's KMS key for S3, whatever the bucket's default is. Throws
   * ConditionFailed.
   */
  putSecret(key: string, body: string, condition?: { readonly absent: true }): Promise<void>;
  /** Deletes; an object that is not there is no error. Throws ConditionFailed when it is another version. */
  delete(key: string, condition?: { readonly etag: string }): Promise<void>;
  /** The keys below a prefix, in byte order. */
  list(prefix: string): Promise<string[]>;
}

/** A record is not what its schema says. */
export class UnreadableRecord extends Error {
  override readonly name = "UnreadableRecord";

  constructor(key: string, cause: unknown) {
    super(`The record ${key} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** Reads a JSON document through a schema. Throws UnreadableRecord. */
export async function getJson<T>(
  store: Pick<ObjectStore, "get">,
  key: string,
  schema: { parse(value: unknown): T },
): Promise<{ value: T; etag: string } | undefined> {
  const object = await store.get(key);
  if (object === undefined) return undefined;
  try {
    return { value: schema.parse(JSON.parse(object.body)), etag: object.etag };
  } catch (error) {
    throw new UnreadableRecord(key, error);
  }
}

/** Writes a JSON document; returns its entity tag. Throws ConditionFailed. */
export function putJson(
  store: ObjectStore,
  key: string,
  value: unknown,
  condition?: Condition,
): Promise<string> {
  return store.put(key, `${JSON.stringify(value, null, 2)}\n`, condition);
}
