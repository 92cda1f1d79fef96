import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { AuthorityKeyIdentifierExtension, X509CertificateGenerator } from "@peculiar/x509";
import { renewalId } from "../../../lib/acme/renewal-info.ts";
import { selfSignedCertificate } from "../../../lib/identity/certificate.ts";

test("a certificate's identifier is that of the example in RFC 9773, 4.1", async () => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "0087654321",
    name: [{ CN: ["example.com"] }],
    notBefore: new Date(0),
    notAfter: new Date(1_000_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new AuthorityKeyIdentifierExtension("69885b6b87464041e1b37b847ba0ae2cde01c8d4")],
  });
  assert.equal(renewalId(certificate.toString("pem")), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
});

test("a certificate that does not say who signed it has none, and neither has no certificate", async () => {
  const { chainPem } = await selfSignedCertificate({ names: ["a.test"], notBefore: new Date(), days: 1 });
  assert.equal(renewalId(chainPem), undefined);
  assert.equal(renewalId(""), undefined);
});
