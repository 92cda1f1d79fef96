import { createHash } from "node:crypto";

/** A member of an archive as its digest sees it. */
export interface DigestedMember {
  readonly name: string;
  /** SHA-256 of its body, lower-case hex. */
  readonly digest: string;
}

/**
 * The archive digest: SHA-256 of the list of all members in their order, a line each as `sha256sum` writes it.
 * Names and bodies decide every byte of an archive, and what has not changed need not be read to know it.
 */
export function archiveDigest(members: Iterable<DigestedMember>): string {
  const hash = createHash("sha256");
  for (const { name, digest } of members) hash.update(`${digest}  ${name}\n`);
  return hash.digest("hex");
}
