import type { Authorization, Client, Order } from "acme-client";
import { signIn } from "../lib/acme/client.ts";
import { asking, type OrderRecord, ownOrder } from "../lib/acme/order.ts";
import { problemFrom } from "../lib/acme/problem.ts";
import { explainName } from "../lib/acme/reach.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { OrderFailed } from "../lib/errors.ts";
import { lookPatiently } from "../lib/patience.ts";
import { step } from "../lib/step.ts";

export const LIMIT_MS = 15 * 60_000;

/** Asks the authority to look, and waits for what it says. Throws OrderFailed with its words and our view. */
export const handler = step("validate-challenge", async ({ execution, presentedAt }) => {
  const store = stateStore();
  const record = (await ownOrder(store, execution)).value;
  return asking(store, execution, async () => {
    const client = await signIn(store);
    await askToLook(client, record);
    const { status } = await lookPatiently(
      () => client.getOrder({ url: record.url ?? "" } as Order),
      (order) => order.status !== "pending",
    );
    if (status === "invalid") throw await failure(client, record);
    if (status === "pending" && Date.now() - Date.parse(presentedAt) > LIMIT_MS) {
      throw new OrderFailed("The authority has not looked at the answers to its challenges for 15 minutes.");
    }
    return { done: status !== "pending", reason: `the order is ${status}` };
  });
});

function authorizations(client: Client, { answers = [] }: OrderRecord): Promise<Authorization[]> {
  return client.getAuthorizations({ authorizations: answers.map((one) => one.authorization) } as Order);
}

async function askToLook(client: Client, record: OrderRecord): Promise<void> {
  const ours = new Set((record.answers ?? []).map(({ challenge }) => challenge));
  const waiting = (await authorizations(client, record))
    .filter(({ status }) => status === "pending")
    .flatMap(({ challenges }) => challenges)
    .filter(({ url, status }) => ours.has(url) && status === "pending");
  for (const challenge of waiting) await client.completeChallenge(challenge);
}

async function failure(client: Client, record: OrderRecord): Promise<OrderFailed> {
  const failed = (await authorizations(client, record)).filter(({ status }) => status !== "valid");
  const told = failed.map(async ({ identifier, status, challenges }) => {
    const error = challenges.find((one) => one.error !== undefined)?.error;
    const words = problemFrom(error, 0, undefined)?.message ?? `its authorization is ${status}`;
    const seen = record.challenge === "http-01" ? await explainName(identifier.value) : undefined;
    return [`${identifier.value}: ${words}`, ...(seen === undefined ? [] : [seen])].join("\n");
  });
  return new OrderFailed(`The authority did not accept the proof.\n${(await Promise.all(told)).join("\n")}`);
}
