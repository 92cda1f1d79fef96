import { createHash } from "node:crypto";
import type { SelfSignedOptions } from "../../../lib/identity/certificate.ts";

/** Stands in for lib/identity/certificate.ts: WebCrypto's keys are neither seeded nor made in virtual time. */
export * from "../../../lib/identity/certificate.ts";

/** A certificate in form only: its names and dates under PEM's armour, which is all that the machines show of it. */
export async function selfSignedCertificate({ names, notBefore, days }: SelfSignedOptions) {
  const notAfter = new Date(notBefore.getTime() + days * 86_400_000);
  const der = Buffer.from(JSON.stringify({ names, notBefore, notAfter }));
  const fingerprint = createHash("sha256").update(der).digest("hex");
  const pem = (label: string, bytes: Buffer) =>
    `-----BEGIN ${label}-----\n${bytes.toString("base64")}\n-----END ${label}-----\n`;
  return {
    names,
    serial: fingerprint.slice(0, 32),
    notBefore,
    notAfter,
    fingerprint,
    selfSigned: true,
    chainLength: 1,
    chainPem: pem("CERTIFICATE", der),
    keyPem: pem("PRIVATE KEY", Buffer.from("a key")),
  };
}

/** The DER of a chain's first certificate. */
export function leafOf(chainPem: string): Buffer {
  const [, base64 = ""] = /-----BEGIN CERTIFICATE-----\n([\s\S]*?)\n-----END/.exec(chainPem) ?? [];
  return Buffer.from(base64, "base64");
}
