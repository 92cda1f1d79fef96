import type { Authorization, Client, Order } from "acme-client";
import { present } from "../lib/acme/answers.ts";
import { signIn } from "../lib/acme/client.ts";
import { type Answer, asking, changeOrder, type OrderRecord, ownOrder } from "../lib/acme/order.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { OrderFailed } from "../lib/errors.ts";
import { step } from "../lib/step.ts";

/** Puts an answer for every name that the authority wants proved where it will look for it. */
export const handler = step("present-challenge", async ({ execution }) => {
  const store = stateStore();
  const { url = "", challenge } = (await ownOrder(store, execution)).value;
  const answers = await asking(store, execution, async () => {
    const client = await signIn(store);
    const wanted = await client.getAuthorizations(await client.getOrder({ url } as Order));
    const open = wanted.filter(({ status }) => status === "pending");
    return Promise.all(open.map((authorization) => answerTo(client, authorization, challenge)));
  });
  // Noted first: what is noted is taken away again, whatever happens.
  await present(store, await changeOrder(store, execution, { answers }));
  return { status: "pending" as const, presentedAt: new Date().toISOString() };
});

async function answerTo(
  client: Client,
  authorization: Authorization,
  type: OrderRecord["challenge"],
): Promise<Answer> {
  const name = `${authorization.wildcard ? "*." : ""}${authorization.identifier.value}`;
  const challenge = authorization.challenges.find((one) => one.type === type);
  if (challenge === undefined) {
    const offered = authorization.challenges.map((one) => one.type).join(", ");
    throw new OrderFailed(
      `The authority wants ${name} proved by ${offered}; here it could be by ${type} only.`,
    );
  }
  const value = await client.getChallengeKeyAuthorization(challenge);
  return { name, authorization: authorization.url, challenge: challenge.url, token: challenge.token, value };
}
