// acme-client stands on @peculiar/x509, which does not load without it.
import "reflect-metadata";
import { Agent } from "node:https";
import { axios, Client, crypto } from "acme-client";
import * as z from "zod";
import { TransientFault } from "../errors.ts";
import type { ObjectStore } from "../objects.ts";
import { setting } from "../settings.ts";
import { AcmeProblem, problemFrom } from "./problem.ts";

const ACCOUNT_KEY = "keys/account.pem";
const REQUEST_MS = 20_000;

/** What we look at of an ACME server's directory beside what acme-client does (RFC 8555, 7.1.1; RFC 9773, 4.1). */
const directorySchema = z.object({ renewalInfo: z.url().optional() });

let configured = false;

/**
 * acme-client repeats requests by itself, for minutes and as long as Retry-After says; here the state machine
 * does, and every refusal becomes an AcmeProblem. A stale nonce is still acme-client's to cure.
 */
function configure(): void {
  if (configured) return;
  configured = true;
  const root = setting("ACME_ROOT");
  if (root !== undefined) axios.defaults.httpsAgent = new Agent({ ca: root });
  axios.defaults.timeout = REQUEST_MS;
  axios.interceptors.response.clear();
  axios.interceptors.response.use(null, (error) => {
    const { response, config, message, code } = error as Failure;
    if (response === undefined) {
      throw new TransientFault(
        `The ACME server ${config?.url ?? setting("ACME")} does not answer: ${message || code}`,
      );
    }
    const { status, data, headers } = response;
    if (status < 400) return response;
    const problem = problemFrom(data, status, headers["retry-after"]);
    if (problem === undefined || problem.type === "badNonce") return response;
    throw problem;
  });
}

interface Failure {
  readonly message: string;
  readonly code?: string;
  readonly config?: { readonly url?: string };
  readonly response?: { status: number; data: unknown; headers: Record<string, string | undefined> };
}

/** Fetches a document of the ACME server that needs no account. Throws AcmeProblem, TransientFault. */
export async function fetchDocument(url: string): Promise<{ body: unknown; retryAfter: string | undefined }> {
  configure();
  const { data, headers } = await axios.get<unknown>(url);
  const retryAfter: unknown = headers["retry-after"];
  return { body: data, retryAfter: typeof retryAfter === "string" ? retryAfter : undefined };
}

/** Where renewal information is asked for; undefined from a server that has none. */
export async function renewalInfoUrl(): Promise<string | undefined> {
  const { body } = await fetchDocument(setting("ACME") ?? "");
  return directorySchema.parse(body).renewalInfo;
}

/** Signs in, with a key that is made once and kept; the server finds the account by it, or opens one. */
export async function signIn(store: ObjectStore): Promise<Client> {
  configure();
  const client = new Client({ directoryUrl: setting("ACME") ?? "", accountKey: await accountKey(store) });
  try {
    await client.createAccount({ onlyReturnExisting: true });
  } catch (error) {
    if (!(error instanceof AcmeProblem) || error.type !== "accountDoesNotExist") throw error;
    await client.createAccount({ termsOfServiceAgreed: true });
  }
  return client;
}

async function accountKey(store: ObjectStore): Promise<string> {
  const kept = await store.get(ACCOUNT_KEY);
  if (kept !== undefined) return kept.body;
  const made = await privateKey();
  await store.putSecret(ACCOUNT_KEY, made);
  return made;
}

/** A fresh ECDSA P-256 key, as PEM of PKCS#8. */
export async function privateKey(): Promise<string> {
  return (await crypto.createPrivateEcdsaKey("P-256")).toString();
}

/** What an order is finalized with: a request for these names, signed by the certificate's key. */
export async function signingRequest(names: readonly string[], keyPem: string): Promise<Buffer> {
  const [, request] = await crypto.createCsr({ altNames: [...names] }, keyPem);
  return request;
}
