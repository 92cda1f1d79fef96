import { BadArchive, memberHeader, padding, readHeader, recordBytes, tarEnd } from "../archive/tar.ts";

/** What one machine is: partition 2 (docs/archive.md). */
export interface Identity {
  /** Number of the release, from 1 on. */
  readonly release: number;
  readonly archive: {
    /** SHA-256 of the archive, lower-case hex. */
    readonly digest: string;
    readonly bytes: number;
  };
  /** Hosts that are served, lower case; undefined: any. */
  readonly names?: readonly string[] | undefined;
  /** Value of Strict-Transport-Security; undefined: none is sent. */
  readonly hsts?: string | undefined;
  /** URL, without a slash at its end, that answers ACME's HTTP-01 challenges; undefined: nobody does. */
  readonly challenge?: string | undefined;
  /** Who visits is logged in the machine's memory, for whoever knows the secret; undefined: it is not. */
  readonly accessLog?: AccessLog | undefined;
  /** Certificate chain, leaf first. */
  readonly chainPem: string;
  /** PKCS#8. */
  readonly keyPem: string;
}

export interface AccessLog {
  /** Whether client addresses stand in it whole, or without their last part. */
  readonly addresses: "truncated" | "full";
  /** 32 random bytes in lower-case hex. */
  readonly secret: string;
}

const members = ["identity", "chain.pem", "key.pem"] as const;

/**
 * Packs an identity. Equal identities give equal bytes. Throws RangeError on a value that the format cannot
 * hold (a line end in a name, a digest that is none).
 */
export function identityTar(identity: Identity): Buffer {
  const lines = [
    `release ${identity.release}`,
    `archive ${identity.archive.digest}`,
    `archive-size ${identity.archive.bytes}`,
  ];
  if (identity.names !== undefined) lines.push(`names ${identity.names.join(" ")}`);
  if (identity.hsts !== undefined) lines.push(`hsts ${identity.hsts}`);
  if (identity.challenge !== undefined) lines.push(`challenge ${identity.challenge}`);
  if (identity.accessLog !== undefined) {
    lines.push(`access-log ${identity.accessLog.addresses} ${identity.accessLog.secret}`);
  }
  const text = `${lines.join("\n")}\n`;
  const problem = identityProblem(identity);
  if (problem !== undefined) throw new RangeError(`This identity cannot be packed: ${problem}.`);
  const bodies = [text, identity.chainPem, identity.keyPem].map((body) => Buffer.from(body));
  const packed = bodies.flatMap((body, i) => [
    memberHeader(members[i] ?? "", body.length),
    body,
    Buffer.alloc(padding(body.length)),
  ]);
  return Buffer.concat([...packed, tarEnd]);
}

function identityProblem(identity: Identity): string | undefined {
  const { release, archive, names, hsts, challenge, accessLog, chainPem, keyPem } = identity;
  if (!Number.isSafeInteger(release) || release < 1) return `release ${release} is no positive number`;
  if (!/^[0-9a-f]{64}$/.test(archive.digest)) return "the archive digest is not 64 lower-case hex digits";
  if (!Number.isSafeInteger(archive.bytes) || archive.bytes < 0) return "the archive's size is no number";
  if (names?.length === 0) return "the list of names is empty (leave it out to serve any host)";
  const badName = names?.find((name) => !/^[a-z0-9*._:-]+$/.test(name));
  if (badName !== undefined) return `${JSON.stringify(badName)} is no host name in lower case`;
  if (hsts !== undefined && !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(hsts)) {
    return "the HSTS value is no header value";
  }
  if (challenge !== undefined && !/^https?:\/\/[A-Za-z0-9._~:/@%+-]*[A-Za-z0-9._~@%+-]$/.test(challenge)) {
    return "the challenge's URL is none that a path can follow";
  }
  if (accessLog !== undefined && !isAccessLog(accessLog)) return "the access log's settings are none";
  if (!chainPem.includes("-----BEGIN CERTIFICATE-----")) return "the chain is not PEM";
  if (!keyPem.includes("-----BEGIN PRIVATE KEY-----")) return "the key is not PEM of PKCS#8";
  return undefined;
}

function isAccessLog({ addresses, secret }: AccessLog): boolean {
  return ["truncated", "full"].includes(addresses) && /^[0-9a-f]{64}$/.test(secret);
}

/**
 * Reads an identity; zeros after it (the rest of its partition) are fine, unknown lines are passed over.
 * Throws BadArchive.
 */
export function readIdentity(bytes: Buffer): Identity {
  const bodies: string[] = [];
  let at = 0;
  for (const member of members) {
    const where = `identity member ${member}`;
    const { name, size } = readHeader(bytes.subarray(at, at + recordBytes), where);
    if (name !== member) throw new BadArchive(where, `${JSON.stringify(name)} stands in its place`);
    at += recordBytes;
    if (at + size > bytes.length) throw new BadArchive(where, "cut off");
    bodies.push(bytes.toString("utf8", at, at + size));
    at += size + padding(size);
  }
  const [text = "", chainPem = "", keyPem = ""] = bodies;
  const values = new Map(text.split("\n").map(splitLine));
  const identity: Identity = {
    release: Number(values.get("release")),
    archive: { digest: values.get("archive") ?? "", bytes: Number(values.get("archive-size")) },
    names: values.get("names")?.split(" "),
    hsts: values.get("hsts"),
    challenge: values.get("challenge"),
    ...readAccessLog(values.get("access-log")),
    chainPem,
    keyPem,
  };
  const problem = identityProblem(identity);
  if (problem !== undefined) throw new BadArchive("identity", problem);
  return identity;
}

function readAccessLog(value: string | undefined): Pick<Identity, "accessLog"> {
  if (value === undefined) return {};
  const [addresses, secret] = splitLine(value);
  return { accessLog: { addresses: addresses as AccessLog["addresses"], secret } };
}

function splitLine(line: string): [name: string, value: string] {
  const space = line.indexOf(" ");
  return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)];
}
