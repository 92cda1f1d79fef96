import type { CaaRecord } from "node:dns";
import { siteAddress } from "./address.ts";
import { type Check, type Finding, ok, problem, type Subject, warning } from "./finding.ts";
import { type Names, Unresolved } from "./names.ts";
import { siteNames } from "./parameters.ts";

/** The domain and every alias lead to the site's address, and its certificate may be issued. */
export const dns: Check = {
  name: "DNS",
  async run(subject) {
    const names = siteNames(subject.parameters);
    if (names.length === 0)
      return [ok("no domain is given: the site is served at its address, with a self-signed certificate")];
    return (await Promise.all(names.map((name) => inspect(name, subject)))).flat();
  },
};

async function inspect(name: string, subject: Subject): Promise<Finding[]> {
  // A wildcard is asked about by a name that it stands for.
  const asked = name.replace(/^\*/, "mirage-pages-doctor");
  try {
    const [four, six, authorities] = await Promise.all([
      subject.names.addresses(asked),
      subject.names.addresses6(asked),
      subject.names.authorities(name.replace(/^\*\./, "")),
    ]);
    const zoned = (subject.parameters.hostedZone ?? "") !== "";
    return [
      judgeAddress(name, four, siteAddress(subject), zoned),
      ...judgeSix(name, six),
      ...(authorities === undefined ? [] : judgeAuthorities(name, authorities, zoned ? "dns-01" : "http-01")),
    ];
  } catch (error) {
    if (!(error instanceof Unresolved)) throw error;
    return [warning(error.message, "Ask again, or name another name server with --resolver.")];
  }
}

/** Whether the A records of a name are the site's address. Pure. */
export function judgeAddress(
  name: string,
  found: readonly string[],
  address: string | undefined,
  zoned: boolean,
): Finding {
  const points = found.length === 0 ? "has no A record" : `points at ${found.join(" and ")}`;
  if (address === undefined) {
    if (zoned) return ok(`${name} ${points}; the stack makes its A record`);
    return ok(`${name} ${points}; after the first deploy give it an A record with the stack's SiteAddress`);
  }
  if (found.length === 1 && found[0] === address)
    return ok(`${name} points at the site's address ${address}`);
  return problem(
    `${name} ${points}; the site's address is ${address}.`,
    zoned
      ? "The stack makes this record in the hosted zone: look whether the domain is delegated to that zone, and wait for the old record's TTL."
      : `Give ${name} one A record, ${address}, where its DNS is kept, and wait for the old record's TTL.`,
  );
}

function judgeSix(name: string, found: readonly string[]): Finding[] {
  if (found.length === 0) return [];
  return [
    warning(
      `${name} has an AAAA record (${found.join(", ")}), and the machine has IPv4 only: visitors and Let's Encrypt go there first.`,
      `Remove the AAAA record of ${name}.`,
    ),
  ];
}

/**
 * Whether CAA records let Let's Encrypt issue for a name by the method that we use (RFC 8659; parameters of
 * RFC 8657). Pure.
 */
export function judgeAuthorities(
  name: string,
  { at, records }: NonNullable<Awaited<ReturnType<Names["authorities"]>>>,
  method: "http-01" | "dns-01",
): Finding[] {
  const wild = records.flatMap(({ issuewild }: CaaRecord) => issuewild ?? []);
  const plain = records.flatMap(({ issue }: CaaRecord) => issue ?? []);
  const issuers = name.startsWith("*.") && wild.length > 0 ? wild : plain;
  if (issuers.length === 0 || issuers.some((value) => allows(value, method))) return [];
  return [
    problem(
      `The CAA records of ${at} let only ${issuers.map((value) => `"${value}"`).join(" and ")} issue certificates for ${name}.`,
      `Add a CAA record to ${at}: 0 ${issuers === wild ? "issuewild" : "issue"} "letsencrypt.org".`,
    ),
  ];
}

function allows(issue: string, method: string): boolean {
  const [issuer = "", ...parameters] = issue.split(";").map((part) => part.trim());
  if (issuer !== "letsencrypt.org") return false;
  const methods = parameters.find((one) => one.startsWith("validationmethods="));
  return methods === undefined || methods.replace(/^.*=/, "").split(",").includes(method);
}
