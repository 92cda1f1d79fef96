// tsyringe, which @peculiar/x509 stands on, needs this before it is loaded.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A leaf certificate as far as a deployment looks at it. */
export interface CertificateDescription {
  /** Domain names and IP addresses of its subject alternative name. */
  readonly names: readonly string[];
  /** Lower-case hex. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the leaf's DER, lower-case hex. */
  readonly fingerprint: string;
  /** Subject and issuer are the same: nobody but us vouches for it. */
  readonly selfSigned: boolean;
  /** Certificates in the chain, the leaf included. */
  readonly chainLength: number;
}

/** A certificate chain or its key cannot be used. */
export class BadCertificate extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, { cause });
    this.name = "BadCertificate";
  }
}

export interface SelfSignedOptions {
  /** Domain names (a leading `*.` is fine) and IP addresses; at least one. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly days: number;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const daySeconds = 24 * 60 * 60;

/**
 * Makes a key (ECDSA P-256, PKCS#8) and a certificate that signs itself, for a site that has none from an
 * authority yet. Times are cut to whole seconds, which is what X.509 can say. Throws BadCertificate without
 * names or days.
 */
export async function selfSignedCertificate(
  options: SelfSignedOptions,
): Promise<CertificateDescription & { readonly chainPem: string; readonly keyPem: string }> {
  const { names, days } = options;
  const [first] = names;
  if (first === undefined) throw new BadCertificate("A certificate needs at least one name or IP address.");
  if (!(days > 0)) throw new BadCertificate(`A certificate that is valid for ${days} days is of no use.`);
  const notBefore = new Date(Math.floor(options.notBefore.getTime() / 1000) * 1000);
  const notAfter = new Date(notBefore.getTime() + Math.floor(days * daySeconds) * 1000);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    // A common name holds at most 64 characters (RFC 5280, appendix A); clients read the alternative names.
    name: [{ CN: [first.length <= 64 ? first : "mirage-pages"] }],
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  const chainPem = `${certificate.toString("pem").trimEnd()}\n`;
  const keyPem = `${PemConverter.encode(pkcs8, PemConverter.PrivateKeyTag).trimEnd()}\n`;
  return { ...(await describeCertificate(chainPem)), chainPem, keyPem };
}

/** 127 random bits: positive, and above the 64 that the CA/Browser Forum asks for. */
function randomSerial(): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial.toString("hex");
}

/** Reads the leaf of a PEM chain. Throws BadCertificate when there is none or it cannot be read. */
export async function describeCertificate(chainPem: string): Promise<CertificateDescription> {
  try {
    const chain = PemConverter.decode(chainPem).map((der) => new X509Certificate(der));
    const [leaf] = chain;
    if (leaf === undefined) throw new BadCertificate("The chain holds no certificate.");
    const alternative = leaf.getExtension(SubjectAlternativeNameExtension);
    const fingerprint = Buffer.from(await webcrypto.subtle.digest("SHA-256", leaf.rawData)).toString("hex");
    return {
      names: alternative?.names.items.map(({ value }) => value) ?? [],
      serial: leaf.serialNumber.toLowerCase(),
      notBefore: leaf.notBefore,
      notAfter: leaf.notAfter,
      fingerprint,
      selfSigned: leaf.subject === leaf.issuer,
      chainLength: chain.length,
    };
  } catch (error) {
    if (error instanceof BadCertificate) throw error;
    throw new BadCertificate("The certificate chain is not PEM that can be read, leaf first.", error);
  }
}
