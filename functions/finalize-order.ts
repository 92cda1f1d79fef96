import type { Order } from "acme-client";
import { orderKeyKey } from "../lib/acme/answers.ts";
import { privateKey, signIn, signingRequest } from "../lib/acme/client.ts";
import { asking, changeOrder, ownOrder } from "../lib/acme/order.ts";
import { AcmeProblem, problemFrom } from "../lib/acme/problem.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { OrderFailed, TransientFault } from "../lib/errors.ts";
import type { ObjectStore } from "../lib/objects.ts";
import { lookPatiently } from "../lib/patience.ts";
import { step } from "../lib/step.ts";

export const LIMIT_MS = 30 * 60_000;

/** Makes a private key, has the authority issue for it, and waits until it has. The key is kept before. */
export const handler = step("finalize-order", async ({ execution, presentedAt }) => {
  const store = stateStore();
  const { url = "", names } = (await ownOrder(store, execution)).value;
  const order = await asking(store, execution, async () => {
    const client = await signIn(store);
    const look = () => client.getOrder({ url } as Order);
    const order = await look();
    if (order.status === "ready") {
      await changeOrder(store, execution, { finalized: true });
      const request = await signingRequest(names, await orderKey(store, url));
      try {
        await client.finalizeOrder(order, request);
      } catch (error) {
        const refused = error instanceof AcmeProblem && !error.passing;
        if (refused) await changeOrder(store, execution, { finalized: undefined });
        throw error;
      }
    }
    return lookPatiently(look, ({ status }) => status === "valid" || status === "invalid");
  });
  if (order.status === "pending") throw new TransientFault("The authority has not taken the proofs in yet.");
  if (order.status === "invalid") {
    await changeOrder(store, execution, { finalized: undefined });
    const words = problemFrom(order.error, 0, undefined)?.message ?? "it gave no reason";
    throw new OrderFailed(`The authority did not issue the certificate: ${words}`);
  }
  const done = order.status === "valid";
  if (!done && Date.now() - Date.parse(presentedAt) > LIMIT_MS) {
    throw new OrderFailed(
      "The authority has not issued the certificate for half an hour; it is fetched later.",
    );
  }
  return { done };
});

/** The key of this order: made once, so that what was finalized before is still for it. */
async function orderKey(store: ObjectStore, url: string): Promise<string> {
  const kept = await store.get(orderKeyKey(url));
  if (kept !== undefined) return kept.body;
  const made = await privateKey();
  await store.putSecret(orderKeyKey(url), made);
  return made;
}
