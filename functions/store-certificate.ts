import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Order } from "acme-client";
import { forgetOrderKeys, orderKeyKey, withdraw } from "../lib/acme/answers.ts";
import { signIn } from "../lib/acme/client.ts";
import { asking, endOrder, ownOrder } from "../lib/acme/order.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { afterIssue, readAttempts, sameNames, writeAttempts } from "../lib/certificates/attempts.ts";
import { keepCertificate, readCurrent } from "../lib/certificates/current.ts";
import { OrderFailed } from "../lib/errors.ts";
import { describeCertificate } from "../lib/identity/certificate.ts";
import type { ObjectStore } from "../lib/objects.ts";
import { step } from "../lib/step.ts";

/**
 * Fetches what the authority issued, checks it, and makes it the current certificate. May be run again at any
 * point: the order stays until all is kept, and gives the same certificate each time.
 */
export const handler = step("store-certificate", async ({ execution }) => {
  const store = stateStore();
  const order = (await ownOrder(store, execution)).value;
  const { url = "", names } = order;
  const chainPem = await asking(store, execution, async () => {
    const client = await signIn(store);
    return client.getCertificate(await client.getOrder({ url } as Order));
  });
  const keyPem = (await store.get(orderKeyKey(url)))?.body ?? "";
  const certificate = await keep(store, names, chainPem, keyPem);
  await writeAttempts(store, afterIssue(await readAttempts(store), names, Date.now()));
  await withdraw(store, order);
  await forgetOrderKeys(store);
  await endOrder(store, execution);
  return { certificate };
});

async function keep(store: ObjectStore, names: readonly string[], chainPem: string, keyPem: string) {
  const described = await describeCertificate(chainPem);
  const current = await readCurrent(store);
  if (current?.value.serial === described.serial) return current.value;
  if (keyPem === "")
    throw new OrderFailed("The private key of the order is gone; the next run orders again.");
  const problem = problemOf(described, names, new X509Certificate(chainPem), keyPem);
  if (problem !== undefined) throw new OrderFailed(`The authority's certificate is of no use: ${problem}.`);
  return keepCertificate(store, { ...described, chainPem, keyPem }, current?.etag);
}

function problemOf(
  { names: named, notAfter }: { readonly names: readonly string[]; readonly notAfter: Date },
  names: readonly string[],
  leaf: X509Certificate,
  keyPem: string,
): string | undefined {
  if (!sameNames(named, names)) return `it is for ${named.join(", ")} instead of ${names.join(", ")}`;
  if (!leaf.checkPrivateKey(createPrivateKey(keyPem))) return "it is for another private key";
  return notAfter.getTime() <= Date.now() ? `it ran out on ${notAfter.toISOString()}` : undefined;
}
