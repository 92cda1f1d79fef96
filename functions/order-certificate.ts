import type { Client, Order } from "acme-client";
import { renewalInfoUrl, signIn } from "../lib/acme/client.ts";
import { asking, changeOrder, ownOrder } from "../lib/acme/order.ts";
import { AcmeProblem } from "../lib/acme/problem.ts";
import { renewalId } from "../lib/acme/renewal-info.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { readCurrent } from "../lib/certificates/current.ts";
import type { ObjectStore } from "../lib/objects.ts";
import { chainKey } from "../lib/releases/object-keys.ts";
import { setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** Orders the certificate, or finds the order that was begun before and can still be fulfilled. */
export const handler = step("order-certificate", async ({ execution }) => {
  const store = stateStore();
  const { names, url } = (await ownOrder(store, execution)).value;
  const order = await asking(store, execution, async () => {
    const client = await signIn(store);
    return (url && (await openOrder(client, url))) || newOrder(client, store, names);
  });
  if (order.url !== url) {
    await changeOrder(store, execution, { url: order.url, answers: undefined, finalized: undefined });
  }
  return { status: order.status, presentedAt: new Date().toISOString() };
});

type OpenOrder = Order & { status: Exclude<Order["status"], "invalid"> };

async function openOrder(client: Client, url: string): Promise<OpenOrder | undefined> {
  try {
    const order = await client.getOrder({ url } as Order);
    return order.status === "invalid" ? undefined : (order as OpenOrder);
  } catch (error) {
    // The authority has forgotten it, or it was another account's.
    if (error instanceof AcmeProblem && error.status < 500 && error.type !== "rateLimited") return undefined;
    throw error;
  }
}

/** A renewal names what it replaces (RFC 9773, 5): authorities count it towards no limit. */
async function newOrder(client: Client, store: ObjectStore, names: readonly string[]): Promise<OpenOrder> {
  const identifiers = names.map((value) => ({ type: "dns", value }));
  const profile = setting("PROFILE");
  const wanted = { identifiers, ...(profile !== undefined && { profile }) };
  const replaces = await replaced(store);
  if (replaces !== undefined) {
    try {
      return (await client.createOrder({ ...wanted, ...{ replaces } })) as OpenOrder;
    } catch (error) {
      // Replaced before, or not theirs to replace: then it is an order like any other.
      const refused = error instanceof AcmeProblem && ["alreadyReplaced", "malformed"].includes(error.type);
      if (!refused) throw error;
    }
  }
  return (await client.createOrder(wanted)) as OpenOrder;
}

async function replaced(store: ObjectStore): Promise<string | undefined> {
  const current = (await readCurrent(store))?.value;
  if (current === undefined || current.selfSigned || (await renewalInfoUrl()) === undefined) return undefined;
  return renewalId((await store.get(chainKey(current.serial)))?.body ?? "");
}
