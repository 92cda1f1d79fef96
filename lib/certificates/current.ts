import * as z from "zod";
import { ResourceGone } from "../errors.ts";
import { type CertificateDescription, selfSignedCertificate } from "../identity/certificate.ts";
import { ConditionFailed, getJson, type ObjectStore, putJson } from "../objects.ts";
import { chainKey, privateKeyKey } from "../releases/object-keys.ts";
import { type Certificate, certificateSchema } from "../releases/records.ts";

const CURRENT_KEY = "certificates/current.json";
/** Renewed as any other: a year, because some clients take no certificate that is valid for much longer. */
const SELF_SIGNED_DAYS = 365;

/** A certificate with all that a machine needs to serve with it. */
export type CertificateWithKey = CertificateDescription & {
  readonly chainPem: string;
  readonly keyPem: string;
};

/** The certificate that the next release serves with, and its record's version; undefined before the first. */
export function readCurrent(
  store: Pick<ObjectStore, "get">,
): Promise<{ value: Certificate; etag: string } | undefined> {
  return getJson(store, CURRENT_KEY, certificateSchema);
}

/** The certificate to serve with; a self-signed one for the site's names is made when there is none yet. */
export async function currentCertificate(store: ObjectStore, names: string[]): Promise<Certificate> {
  const stored = await readCurrent(store);
  if (stored !== undefined) return stored.value;
  try {
    return await keepCertificate(store, await selfSigned(names), undefined);
  } catch (error) {
    // Another run made one a moment ago: that one counts.
    if (error instanceof ConditionFailed) return currentCertificate(store, names);
    throw error;
  }
}

/** A fresh self-signed certificate for these names or addresses, valid from now on. */
export function selfSigned(names: readonly string[]): Promise<CertificateWithKey> {
  return selfSignedCertificate({ names, notBefore: new Date(), days: SELF_SIGNED_DAYS });
}

/**
 * Stores a certificate and makes it the current one in the place of the version `replacing` (undefined: the
 * first). Chain and key are there before anything names them. Throws ConditionFailed when another one came first.
 */
export async function keepCertificate(
  store: ObjectStore,
  made: CertificateWithKey,
  replacing: string | undefined,
): Promise<Certificate> {
  const { serial, fingerprint, notBefore, notAfter, names, selfSigned } = made;
  const certificate: Certificate = {
    serial,
    fingerprint,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    names: [...names],
    selfSigned,
  };
  await store.put(chainKey(serial), made.chainPem);
  await store.putSecret(privateKeyKey(serial), made.keyPem);
  const condition = replacing === undefined ? ({ absent: true } as const) : { etag: replacing };
  await putJson(store, CURRENT_KEY, certificate, condition);
  return certificate;
}

/** Chain and private key of a certificate, for the identity partition and nothing else. Throws ResourceGone. */
export async function certificatePems(
  store: ObjectStore,
  serial: string,
): Promise<{ chainPem: string; keyPem: string }> {
  const chain = await store.get(chainKey(serial));
  const key = await store.get(privateKeyKey(serial));
  if (chain === undefined || key === undefined) {
    throw new ResourceGone(`The certificate ${serial} is no longer in the state bucket; ask for a new one.`);
  }
  return { chainPem: z.string().min(1).parse(chain.body), keyPem: z.string().min(1).parse(key.body) };
}
