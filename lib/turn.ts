import * as z from "zod";
import { TurnLost } from "./errors.ts";
import { ConditionFailed, getJson, type ObjectStore, putJson } from "./objects.ts";
import { type Reason, reasonSchema } from "./releases/records.ts";

/**
 * The turn protocol: at most one execution changes anything at a time, and no request is lost.
 *
 * - Who wants something writes a request first, then looks at the lock (`requestDeployment`).
 * - An execution takes the lock if it is free or if its owner has been dead for long enough (`takeTurn`).
 * - The owner deletes a request only in the version that its work covered (`consumeRequest`), lets go of
 *   the lock (`releaseTurn`) and then looks for requests again: what was written while it worked is found
 *   either by the writer (lock free) or by the owner (request there).
 * - Every change outside the state bucket is preceded by `assertTurn`.
 *
 * `tests/lib/turn.test.ts` checks this over all interleavings.
 */
export const LOCK_KEY = "turn/lock.json";
export const REQUESTS_PREFIX = "requests/";

/** `run`: the lock is held by one run of a function alone, not by all states of its execution. */
const lockSchema = z.object({ owner: z.string(), takenAt: z.string(), run: z.string().optional() });

/** What is known of an execution that owns the lock. Times are epoch milliseconds. */
export type OwnerLife = { readonly running: true } | { readonly running: false; readonly endedAt: number };

export interface TurnWorld {
  readonly store: ObjectStore;
  now(): number;
  /** Whether the execution with this ARN runs; one that nobody knows ended at 0. */
  life(owner: string): Promise<OwnerLife>;
}

/**
 * A Lambda goes on after its execution has been stopped. This long after the end of the owner no function that
 * touches machines, the address or the live record can be running any more: the longest time limit of those
 * (serverless.yml). Packing and importing may run longer; they write only under names of their own release.
 */
export const TAKE_OVER_AFTER_SECONDS = 60;

export type Turn =
  | { readonly taken: true; readonly takenOver: boolean }
  | { readonly taken: false; readonly owner: string; readonly waitSeconds?: number };

/**
 * Takes the turn for an execution, or says who has it. Safe to run again: an owner takes its own turn.
 *
 * A function that lets go of the turn itself takes it for its one `run`, under a name that no other has: Lambda may
 * run it twice, and the one that ends first must not let others in while the second goes on.
 */
export async function takeTurn(world: TurnWorld, owner: string, run?: string): Promise<Turn> {
  for (;;) {
    const held = await getJson(world.store, LOCK_KEY, lockSchema);
    if (held?.value.owner === owner && held.value.run === run) return { taken: true, takenOver: false };
    if (held !== undefined) {
      const same = held.value.owner === owner;
      const life = same
        ? { running: false, endedAt: Date.parse(held.value.takenAt) }
        : await world.life(held.value.owner);
      if (life.running) return { taken: false, owner: held.value.owner };
      const waitSeconds = Math.ceil((life.endedAt - world.now()) / 1000) + TAKE_OVER_AFTER_SECONDS;
      if (waitSeconds > 0) return { taken: false, owner: held.value.owner, waitSeconds };
    }
    try {
      const lock = { owner, takenAt: new Date(world.now()).toISOString(), ...(run && { run }) };
      await putJson(world.store, LOCK_KEY, lock, held === undefined ? { absent: true } : { etag: held.etag });
      return { taken: true, takenOver: held !== undefined };
    } catch (error) {
      // Somebody else was quicker; each round means that another one got further, so this ends.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/** Throws TurnLost unless `owner` holds the turn right now. Comes before every change outside the bucket. */
export async function assertTurn(store: ObjectStore, owner: string): Promise<void> {
  const held = await getJson(store, LOCK_KEY, lockSchema);
  if (held?.value.owner !== owner) {
    throw new TurnLost(
      `This execution lost its turn${held ? ` to ${held.value.owner}` : ""}; it changes nothing any more.`,
    );
  }
}

/** Who holds the turn, and the version of the lock; undefined when it is free. */
export async function turnHolder(store: ObjectStore): Promise<{ owner: string; etag: string } | undefined> {
  const held = await getJson(store, LOCK_KEY, lockSchema);
  return held && { owner: held.value.owner, etag: held.etag };
}

/** Lets go of the turn (nothing happens if it is not ours) and returns the requests that wait. */
export async function releaseTurn(store: ObjectStore, owner: string, run?: string): Promise<string[]> {
  const held = await getJson(store, LOCK_KEY, lockSchema);
  if (held?.value.owner === owner && held.value.run === run) {
    try {
      await store.delete(LOCK_KEY, { etag: held.etag });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  return store.list(REQUESTS_PREFIX);
}

/** A request in the version that was read. */
export interface WaitingRequest {
  readonly kind: Reason;
  readonly key: string;
  readonly etag: string;
}

/** What a person asked for comes first, a dead machine next, then what can wait for a build. */
const ORDER: readonly Reason[] = ["rollback", "replace", "content", "certificate", "rebuild"];

/** The request to work off first; undefined when none waits. */
export async function firstRequest(store: ObjectStore): Promise<WaitingRequest | undefined> {
  const waiting: WaitingRequest[] = [];
  for (const key of await store.list(REQUESTS_PREFIX)) {
    const request = await getJson(store, key, z.object({ kind: reasonSchema }));
    if (request !== undefined) waiting.push({ kind: request.value.kind, key, etag: request.etag });
  }
  return waiting.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))[0];
}

/** Deletes a request in the version that was worked off; a newer version stays for the next turn. */
export async function consumeRequest(store: ObjectStore, key: string, etag: string): Promise<void> {
  try {
    await store.delete(key, { etag });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

const requestSchema = z.looseObject({ first: z.string() });

/** What is to be deployed, under a key: requests of one key merge. */
export interface NewRequest {
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Of this request alone. */
  readonly nonce: string;
}

/**
 * Writes a request, then tells whether somebody must be started to work it off: `undefined` when the owner
 * of the turn lives and will look, else a name that is the same for all who saw the same state.
 */
export async function requestDeployment(
  world: TurnWorld,
  request: NewRequest,
): Promise<{ startAs: string } | undefined> {
  return starterFor(world, await writeRequest(world.store, request));
}

/**
 * The first half of `requestDeployment`, which is enough for the owner of the turn. Returns `first`.
 *
 * Requests of one kind merge under their key. `first` is the nonce of the one that opened the merged
 * request: as long as it waits, everybody starts the same execution. The write is conditional, so that a
 * request is never merged into one that has been worked off meanwhile. One write, unless others write too.
 */
export async function writeRequest(store: ObjectStore, request: NewRequest): Promise<string> {
  for (;;) {
    const waiting = await getJson(store, request.key, requestSchema);
    const first = waiting?.value.first ?? request.nonce;
    const body = { ...request.body, nonce: request.nonce, first };
    try {
      const condition = waiting === undefined ? ({ absent: true } as const) : { etag: waiting.etag };
      await putJson(store, request.key, body, condition);
      return first;
    } catch (error) {
      // Each round means that another writer, or the turn's owner, got further.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/** The second half of `requestDeployment`, for requests that are already written. */
export async function starterFor(world: TurnWorld, nonce: string): Promise<{ startAs: string } | undefined> {
  const held = await turnHolder(world.store);
  if (held === undefined) return { startAs: nonce };
  const life = await world.life(held.owner);
  if (life.running) return undefined;
  // One taker for a dead owner's lock, however many notice.
  return { startAs: `take-over-${held.etag.replaceAll(/[^0-9a-zA-Z]/g, "")}` };
}
