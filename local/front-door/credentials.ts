import type { IncomingMessage } from "node:http";

/** What a SigV4 signature says about a call before anything is verified. */
export interface CredentialScope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

/**
 * Reads the credential scope `AKID/date/region/service/aws4_request` from the Authorization header or, for
 * presigned URLs, from the query. Undefined for a request that carries no signature.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
export function credentialScope(request: IncomingMessage): CredentialScope | undefined {
  const header = /Credential=([^,\s]+)/.exec(request.headers.authorization ?? "")?.[1];
  const scope =
    header ?? new URLSearchParams((request.url ?? "").split("?")[1] ?? "").get("X-Amz-Credential");
  const parts = scope?.split("/") ?? [];
  const [accessKeyId, , region, service] = parts.slice(-5);
  if (parts.length < 5 || accessKeyId === undefined || region === undefined || service === undefined)
    return undefined;
  return { accessKeyId, region, service };
}
