// tsyringe, which @peculiar/x509 stands on, needs this before it is loaded.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CRLDistributionPointsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** A certificate as Let's Encrypt's are: 90 days, a list of what was revoked, and a root that is not served. */
export async function issuedCertificate(
  name: string,
): Promise<{ root: string; chainPem: string; keyPem: string }> {
  const makeKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const [authority, keys] = [await makeKeys(), await makeKeys()];
  const notBefore = new Date(Date.now() - 60_000);
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=A root of the tests",
    notBefore,
    notAfter: new Date(Date.now() + 3650 * DAY_MS),
    signingAlgorithm: algorithm,
    keys: authority,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const leaf = await X509CertificateGenerator.create({
    serialNumber: "4f3c5a7e9b1d2f60718293a4b5c6d7e8",
    subject: `CN=${name}`,
    issuer: root.subject,
    notBefore,
    notAfter: new Date(Date.now() + 90 * DAY_MS),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: authority.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
      new CRLDistributionPointsExtension(["http://lists.test/1.crl"]),
      await AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  const keyPem = `${PemConverter.encode(pkcs8, PemConverter.PrivateKeyTag).trimEnd()}\n`;
  return { root: `${root.toString("pem")}\n`, chainPem: `${leaf.toString("pem").trimEnd()}\n`, keyPem };
}
