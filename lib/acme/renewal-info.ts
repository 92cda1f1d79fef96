// @peculiar/x509 does not load without it.
import "reflect-metadata";
import { AuthorityKeyIdentifierExtension, PemConverter, X509Certificate } from "@peculiar/x509";
import * as z from "zod";
import { type RenewalWindow, windowSchema } from "../certificates/due.ts";
import { getJson, type ObjectStore, putJson } from "../objects.ts";
import { chainKey } from "../releases/object-keys.ts";
import type { Certificate } from "../releases/records.ts";
import { fetchDocument, renewalInfoUrl } from "./client.ts";
import { retryTime } from "./problem.ts";

const RENEWAL_KEY = "certificates/renewal.json";
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** What the authority last said of the current certificate, and when it is to be asked again. */
const renewalSchema = z.object({
  serial: z.string(),
  window: windowSchema.optional(),
  explanation: z.string().optional(),
  askAgainAt: z.iso.datetime(),
});

const answerSchema = z.object({ suggestedWindow: windowSchema, explanationURL: z.string().optional() });

/**
 * The identifier by which authorities know a certificate (RFC 9773, 4.1); undefined for one that does not say who
 * signed it.
 */
export function renewalId(chainPem: string): string | undefined {
  const [der] = PemConverter.decode(chainPem);
  if (der === undefined) return undefined;
  const leaf = new X509Certificate(der);
  const keyId = leaf.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
  if (keyId === undefined) return undefined;
  const part = (hex: string) => Buffer.from(hex, "hex").toString("base64url");
  // As DER has it: a first bit that is set would make the number negative.
  const serial = leaf.serialNumber.replace(/^(?:00)+/, "").replace(/^[89a-f]/i, "00$&");
  return `${part(keyId)}.${part(serial)}`;
}

/**
 * When the authority would have the certificate renewed. It is asked as often as it wants to be, between a minute
 * and a day (RFC 9773, 4.3); while it does not answer, what it said last holds. Undefined: it never said.
 */
export async function renewalWindow(
  store: ObjectStore,
  certificate: Certificate,
  now: number,
): Promise<RenewalWindow | undefined> {
  const { serial } = certificate;
  const stored = (await getJson(store, RENEWAL_KEY, renewalSchema))?.value;
  const known = stored?.serial === serial ? stored : undefined;
  if (known !== undefined && Date.parse(known.askAgainAt) > now) return known.window;
  try {
    const asked = await ask(store, certificate, now);
    await putJson(store, RENEWAL_KEY, { serial, ...asked });
    return asked.window;
  } catch (error) {
    // Its own lifetime is rule enough; nobody is told, unless the renewal itself fails.
    console.log(JSON.stringify({ step: "renewal-info", error: String(error) }));
    return known?.window;
  }
}

async function ask(
  store: ObjectStore,
  { serial }: Certificate,
  now: number,
): Promise<Omit<z.infer<typeof renewalSchema>, "serial">> {
  const url = await renewalInfoUrl();
  const id = renewalId((await store.get(chainKey(serial)))?.body ?? "");
  if (url === undefined || id === undefined) return { askAgainAt: new Date(now + DAY).toISOString() };
  const { body, retryAfter } = await fetchDocument(`${url}/${id}`);
  const { suggestedWindow, explanationURL } = answerSchema.parse(body);
  const wait = Math.min(Math.max(retryTime(retryAfter, now) - now, MINUTE), DAY);
  return {
    window: suggestedWindow,
    ...(explanationURL !== undefined && { explanation: explanationURL }),
    askAgainAt: new Date(now + wait).toISOString(),
  };
}
