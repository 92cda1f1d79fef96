import * as z from "zod";
import { sameNames } from "../certificates/attempts.ts";
import { OrderFailed, OrderLost, TransientFault } from "../errors.ts";
import { ConditionFailed, getJson, type ObjectStore, putJson } from "../objects.ts";
import type { OwnerLife } from "../turn.ts";
import { AcmeProblem } from "./problem.ts";

const ORDER_KEY = "certificates/order.json";
/** Authorities keep an order for a week; one that is as old as this is left to lie. */
const LONGEST_ORDER_MS = 24 * 60 * 60 * 1000;

/** A challenge that has been answered: where the answer lies, and what the authority calls it. */
const answerSchema = z.object({
  name: z.string(),
  authorization: z.url(),
  challenge: z.url(),
  token: z.string(),
  /** What must be found: at the token's path, or in the TXT record. */
  value: z.string(),
});
export type Answer = z.infer<typeof answerSchema>;

/** The one order in flight, and the execution that works on it. */
const orderSchema = z.object({
  owner: z.string(),
  startedAt: z.iso.datetime(),
  names: z.array(z.string()),
  /** Directory and profile that it was asked of. */
  authority: z.string(),
  challenge: z.enum(["http-01", "dns-01"]),
  url: z.url().optional(),
  answers: z.array(answerSchema).optional(),
  /** The authority was told to issue: what it issues is fetched, not ordered again. */
  finalized: z.boolean().optional(),
  /** When the authority would be asked again. */
  retryAt: z.iso.datetime().optional(),
});
export type OrderRecord = z.infer<typeof orderSchema>;

/** What is to be ordered. */
export type Wanted = Pick<OrderRecord, "names" | "authority" | "challenge">;

interface World {
  readonly store: ObjectStore;
  now(): number;
  life(owner: string): Promise<OwnerLife>;
}

/**
 * Makes this execution the one that works on the order for these names. An order that a dead execution left is
 * gone on with, if it is for the same. Returns who else is at it, undefined when nobody is.
 */
export async function claimOrder(world: World, owner: string, wanted: Wanted): Promise<string | undefined> {
  for (;;) {
    const held = await readOrder(world.store);
    if (held !== undefined && held.value.owner !== owner && (await world.life(held.value.owner)).running) {
      return held.value.owner;
    }
    const goesOn = held !== undefined && isSame(held.value, wanted, world.now());
    const fresh = { ...wanted, startedAt: new Date(world.now()).toISOString() };
    const order: OrderRecord = { ...(goesOn ? held.value : fresh), owner };
    try {
      await putJson(
        world.store,
        ORDER_KEY,
        order,
        held === undefined ? { absent: true } : { etag: held.etag },
      );
      return undefined;
    } catch (error) {
      // Somebody else was quicker; they are found at the next look.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

function isSame(held: OrderRecord, wanted: Wanted, now: number): boolean {
  return (
    sameNames(held.names, wanted.names) &&
    held.authority === wanted.authority &&
    held.challenge === wanted.challenge &&
    now - Date.parse(held.startedAt) < LONGEST_ORDER_MS
  );
}

/** The order in flight, whoever works on it. */
export function readOrder(store: ObjectStore): Promise<{ value: OrderRecord; etag: string } | undefined> {
  return getJson(store, ORDER_KEY, orderSchema);
}

/** The order that this execution works on. Throws OrderLost when it is another's. */
export async function ownOrder(
  store: ObjectStore,
  owner: string,
): Promise<{ value: OrderRecord; etag: string }> {
  const held = await readOrder(store);
  if (held?.value.owner === owner) return held;
  throw new OrderLost(
    `The order is ${held === undefined ? "gone" : `now ${held.value.owner}'s`}; this run stops.`,
  );
}

/** Changes the order that this execution works on. Throws OrderLost. */
export async function changeOrder(
  store: ObjectStore,
  owner: string,
  change: Partial<OrderRecord>,
): Promise<OrderRecord> {
  const { value, etag } = await ownOrder(store, owner);
  const changed = orderSchema.parse({ ...value, ...change });
  try {
    await putJson(store, ORDER_KEY, changed, { etag });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw new OrderLost("Another run took the order over; this one stops.");
  }
  return changed;
}

/** Ends the order, whatever became of it; nothing happens when it is another's. */
export async function endOrder(store: ObjectStore, owner: string): Promise<void> {
  const held = await readOrder(store);
  if (held?.value.owner === owner) await store.delete(ORDER_KEY, { etag: held.etag });
}

/** What helps against refusals that come back until a person does something. */
const ADVICE: Readonly<Record<string, string>> = {
  caa: "A CAA record of the domain forbids this authority: add the authority to it, or remove it.",
  rejectedIdentifier:
    "This authority gives no certificate for one of the names: leave that name out of domain and aliases, or set another authority (parameter acme).",
  invalidProfile: "Set the parameter profile to one that this authority has, or leave it out.",
  rateLimited: "Nothing needs to be done: the next attempt waits as long as the authority asks.",
  externalAccountRequired: "This authority takes known customers only: set another one (parameter acme).",
};

/**
 * Asks the authority something for an order. Its refusals end the order as OrderFailed, in its own words and with
 * what helps; the pause that it asks for is noted. Its faults are TransientFault.
 */
export async function asking<T>(store: ObjectStore, owner: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AcmeProblem)) throw error;
    if (error.passing) throw new TransientFault(`The ACME server has a fault: ${error.message}`);
    if (error.retryAt > Date.now()) {
      await changeOrder(store, owner, { retryAt: new Date(error.retryAt).toISOString() });
    }
    const advice = ADVICE[error.type];
    throw new OrderFailed(
      `The authority refuses: ${error.message}${advice === undefined ? "" : `\n${advice}`}`,
    );
  }
}
