import { z } from "zod";
import { ResourceGone } from "./errors.ts";
import { selfSignedCertificate } from "./identity/certificate.ts";
import { ConditionFailed, getJson, type ObjectStore, putJson } from "./objects.ts";
import { type Certificate, certificateSchema } from "./records.ts";

const CURRENT_KEY = "certificates/current.json";
/** The self-signed one only bridges the time until a real one is there, yet must not end a quiet site. */
const SELF_SIGNED_DAYS = 3650;

const pemKey = (serial: string, name: "chain" | "key") => `certificates/${serial}/${name}.pem`;

/** The certificate to serve with, or a self-signed one made for the site's names when there is none yet. */
export async function currentCertificate(store: ObjectStore, names: string[]): Promise<Certificate> {
  const stored = await getJson(store, CURRENT_KEY, certificateSchema);
  if (stored !== undefined) return stored.value;
  const made = await selfSignedCertificate({ names, notBefore: new Date(), days: SELF_SIGNED_DAYS });
  const certificate: Certificate = {
    serial: made.serial,
    fingerprint: made.fingerprint,
    notAfter: made.notAfter.toISOString(),
    names,
    selfSigned: true,
  };
  await store.put(pemKey(made.serial, "chain"), made.chainPem);
  await store.put(pemKey(made.serial, "key"), made.keyPem);
  try {
    await putJson(store, CURRENT_KEY, certificate, { absent: true });
    return certificate;
  } catch (error) {
    // Another run made one a moment ago: that one counts.
    if (error instanceof ConditionFailed) return currentCertificate(store, names);
    throw error;
  }
}

/** Chain and private key of a certificate, for the identity partition and nothing else. */
export async function certificatePems(
  store: ObjectStore,
  serial: string,
): Promise<{ chainPem: string; keyPem: string }> {
  const chain = await store.get(pemKey(serial, "chain"));
  const key = await store.get(pemKey(serial, "key"));
  if (chain === undefined || key === undefined) {
    throw new ResourceGone(`The certificate ${serial} is no longer in the state bucket; ask for a new one.`);
  }
  return { chainPem: z.string().min(1).parse(chain.body), keyPem: z.string().min(1).parse(key.body) };
}
