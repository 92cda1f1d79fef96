import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { AwsError } from "../service.ts";
import { compareNames, isWithin, normalName } from "./names.ts";
import { checkRecordSet, type RecordSet, sameRecordSet } from "./record-sets.ts";

/** A public hosted zone. Names are normal: see normalName. */
export interface HostedZone {
  /** Without `/hostedzone/` in front. */
  readonly id: string;
  readonly name: string;
  readonly callerReference: string;
  readonly comment: string | undefined;
  records: RecordSet[];
}

export interface Change {
  readonly action: "CREATE" | "DELETE" | "UPSERT";
  readonly record: RecordSet;
}

/** What a change of record sets is known by afterwards. */
export interface ChangeInfo {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly submittedAt: number;
}

interface Saved {
  readonly zones: readonly HostedZone[];
  readonly changes: readonly ChangeInfo[];
}

/** AWS takes up to a minute until all its name servers know a change. */
const SPREADING_MS = 500;

/** The hosted zones of the account, kept in one file that is replaced whole. */
export class HostedZones {
  readonly #file: string;
  readonly #zones: Map<string, HostedZone>;
  readonly #changes: Map<string, ChangeInfo>;

  constructor(file: string) {
    this.#file = file;
    const saved = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Saved) : undefined;
    this.#zones = new Map(saved?.zones.map((zone) => [zone.id, zone]));
    this.#changes = new Map(saved?.changes.map((change) => [change.id, change]));
  }

  /** All zones in the order of their names. */
  list(): HostedZone[] {
    return [...this.#zones.values()].sort((a, b) => compareNames(a.name, b.name) || (a.id < b.id ? -1 : 1));
  }

  /** Throws NoSuchHostedZone. */
  zone(id: string): HostedZone {
    const found = this.#zones.get(id);
    if (found !== undefined) return found;
    throw new AwsError("NoSuchHostedZone", `No hosted zone found with ID: ${id}`, 404);
  }

  /** Finds or creates a zone that the account has had all along. */
  ensure(id: string, name: string): HostedZone {
    return this.#zones.get(id) ?? this.create({ id, name, callerReference: id });
  }

  /** Creates a zone with its NS and SOA record sets. Throws HostedZoneAlreadyExists for a reference used before. */
  create(options: { id?: string; name: string; callerReference: string; comment?: string }): HostedZone {
    const { callerReference, comment } = options;
    if (this.list().some((zone) => zone.callerReference === callerReference)) {
      const text = `A hosted zone has already been created with the specified caller reference: ${callerReference}`;
      throw new AwsError("HostedZoneAlreadyExists", text, 409);
    }
    const name = normalName(options.name);
    const id = options.id ?? `Z${letters(20)}`;
    const records = [
      { name, type: "NS", ttl: 172800, values: nameServers.map((server) => `${server}.`) },
      {
        name,
        type: "SOA",
        ttl: 900,
        values: [`${nameServers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`],
      },
    ];
    const zone: HostedZone = { id, name, callerReference, comment, records };
    this.#zones.set(id, zone);
    this.#save();
    return zone;
  }

  /**
   * Makes all the changes or none. Throws NoSuchHostedZone, and InvalidChangeBatch with every reason.
   * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
   */
  change(id: string, changes: readonly Change[]): ChangeInfo {
    const zone = this.zone(id);
    let records = zone.records;
    const problems: string[] = [];
    for (const { action, record } of changes) {
      const { name, type } = record;
      const known = records.find((one) => one.name === name && one.type === type);
      const rest = records.filter((one) => one !== known);
      const about = `[name='${name}', type='${type}']`;
      const problem = isWithin(zone.name, name)
        ? checkRecordSet(record)
        : `RRSet with DNS name ${name} is not permitted in zone ${zone.name}`;
      const conflicts = rest.some((one) => one.name === name && (one.type === "CNAME" || type === "CNAME"));
      if (problem !== undefined) problems.push(problem);
      else if (action === "DELETE" && known === undefined)
        problems.push(`Tried to delete resource record set ${about} but it was not found`);
      else if (action === "DELETE" && known !== undefined && !sameRecordSet(known, record))
        problems.push(
          `Tried to delete resource record set ${about} but the values provided do not match the current values`,
        );
      else if (action === "CREATE" && known !== undefined)
        problems.push(`Tried to create resource record set ${about} but it already exists`);
      else if (action !== "DELETE" && conflicts)
        problems.push(
          `RRSet of type ${type} with DNS name ${name} is not permitted as it conflicts with other records with the same DNS name in zone ${zone.name}`,
        );
      else records = action === "DELETE" ? rest : [...rest, record];
    }
    if (problems.length > 0) throw new AwsError("InvalidChangeBatch", `[${problems.join(", ")}]`);
    zone.records = records;
    const change = { id: `C${letters(20)}`, submittedAt: Date.now() };
    this.#changes.set(change.id, change);
    this.#save();
    return change;
  }

  /** Throws NoSuchChange. */
  changeInfo(id: string): ChangeInfo {
    const found = this.#changes.get(id);
    if (found !== undefined) return found;
    throw new AwsError("NoSuchChange", `A change with the specified change ID does not exist: ${id}`, 404);
  }

  #save(): void {
    const saved: Saved = { zones: [...this.#zones.values()], changes: [...this.#changes.values()] };
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify(saved));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** Whether all name servers know a change: INSYNC instead of PENDING. */
export function isSpread({ submittedAt }: ChangeInfo): boolean {
  return Date.now() - submittedAt >= SPREADING_MS;
}

export const nameServers = [
  "ns-1.awsdns-01.org",
  "ns-2.awsdns-02.co.uk",
  "ns-3.awsdns-03.com",
  "ns-4.awsdns-04.net",
];

function letters(count: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join("");
}
