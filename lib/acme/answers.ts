import { changeTexts } from "../aws/zone.ts";
import type { ObjectStore } from "../objects.ts";
import { sha256 } from "../sha256.ts";
import type { OrderRecord } from "./order.ts";

/** Where the answer to a challenge's token lies; `answer-challenge` reads nothing else. */
export const answerKey = (token: string) => `challenges/${token}`;

/** Where the private key of an order lies until its certificate has a serial number. */
export function orderKeyKey(url: string): string {
  return `keys/orders/${sha256(url).slice(0, 32)}.pem`;
}

/** Removes what orders have left of private keys: there is one order at a time, and it has ended. */
export async function forgetOrderKeys(store: ObjectStore): Promise<void> {
  for (const key of await store.list("keys/orders/")) await store.delete(key);
}

/** The name of the TXT record that proves control of a name (RFC 8555, 8.4); a wildcard's is its parent's. */
const recordName = (name: string) => `_acme-challenge.${name.replace(/^\*\./, "")}`;

type Answered = Pick<OrderRecord, "challenge" | "answers">;

/** Values of the TXT records, by name: a name and its wildcard share one. */
export function textsOf({ answers = [] }: Answered): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const { name, value } of answers) {
    texts.set(recordName(name), [...(texts.get(recordName(name)) ?? []), value]);
  }
  return texts;
}

/** Puts the answers where the authority looks for them. */
export async function present(store: ObjectStore, order: Answered): Promise<void> {
  if (order.challenge === "http-01") {
    for (const { token, value } of order.answers ?? []) await store.put(answerKey(token), value);
  } else {
    for (const [name, values] of textsOf(order)) {
      await changeTexts(name, (found) => [...new Set([...found, ...values])]);
    }
  }
}

/** Takes the answers away again. */
export async function withdraw(store: ObjectStore, order: Answered): Promise<void> {
  if (order.challenge === "http-01") {
    for (const { token } of order.answers ?? []) await store.delete(answerKey(token));
  } else {
    for (const [name, values] of textsOf(order)) {
      await changeTexts(name, (found) => found.filter((text) => !values.includes(text)));
    }
  }
}
