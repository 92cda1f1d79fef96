import { textsOf } from "../lib/acme/answers.ts";
import { type OrderRecord, ownOrder } from "../lib/acme/order.ts";
import { misled, missingTexts } from "../lib/acme/reach.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { nameServers } from "../lib/aws/zone.ts";
import { OrderFailed } from "../lib/errors.ts";
import { lookPatiently } from "../lib/patience.ts";
import { step } from "../lib/step.ts";

/** A redirect is there at once; a record takes Route 53 a minute, seldom more. */
export const LIMIT_MS = { "http-01": 5_000, "dns-01": 10 * 60_000 };

/**
 * Looks at the answers as the authority will, before it is asked to: its failed looks are counted, ours are not.
 * Throws OrderFailed with what is wrong when they cannot be seen in time.
 */
export const handler = step("poll-challenge", async ({ execution, presentedAt }) => {
  const order = (await ownOrder(stateStore(), execution)).value;
  const wrong = await lookPatiently(
    () => missing(order),
    (seen) => seen.length === 0,
  );
  const reason = wrong.join("\n");
  if (wrong.length > 0 && Date.now() - Date.parse(presentedAt) > LIMIT_MS[order.challenge]) {
    throw new OrderFailed(`The authority would not find the answers to its challenges.\n${reason}`);
  }
  return { done: wrong.length === 0, reason };
});

async function missing(order: OrderRecord): Promise<string[]> {
  if (order.challenge === "dns-01") return missingTexts(textsOf(order), await nameServers());
  const seen = await Promise.all((order.answers ?? []).map(({ name, token }) => misled(name, token)));
  return seen.filter((wrong) => wrong !== undefined);
}
