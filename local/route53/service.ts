import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller, Service } from "../service.ts";
import { notImplemented, readBody } from "../service.ts";
import { asAwsError, sendError } from "../wire/errors.ts";
import { sendXml } from "../wire/reply.ts";
import type { XmlMembers } from "../wire/xml.ts";
import { xmlMembers } from "../wire/xml.ts";
import { normalName } from "./names.ts";
import { compareRecordSets, type RecordSet } from "./record-sets.ts";
import { readChanges, readZone } from "./request.ts";
import type { ChangeInfo, HostedZone, HostedZones } from "./zones.ts";
import { isSpread, nameServers } from "./zones.ts";

const namespace = "https://route53.amazonaws.com/doc/2013-04-01/";
/** A page of zones or record sets; AWS gives no more either. */
const PAGE = 100;

interface Route53Call {
  readonly zones: HostedZones;
  /** What the path names: the id of a zone or of a change. */
  readonly id: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** Each answer by its element's name, with its status where it is not 200. */
type Operation = (call: Route53Call) => readonly [element: string, members: XmlMembers, status?: number];

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53.html */
const operations: readonly (readonly [method: string, path: RegExp, operation: Operation])[] = [
  ["GET", /^hostedzone$/, listHostedZones],
  ["POST", /^hostedzone$/, createHostedZone],
  ["GET", /^hostedzonesbyname$/, listHostedZonesByName],
  ["GET", /^hostedzone\/([^/]+)$/, getHostedZone],
  ["GET", /^hostedzone\/([^/]+)\/rrset$/, listResourceRecordSets],
  ["POST", /^hostedzone\/([^/]+)\/rrset$/, changeResourceRecordSets],
  ["GET", /^change\/([^/]+)$/, getChange],
];

/** Route 53: hosted zones and their record sets. Nobody asks it for names: there is no name server. */
export function route53Service(zones: HostedZones): Service {
  return {
    names: ["route53"],
    protocol: "rest-xml",
    async handle(request: IncomingMessage, response: ServerResponse, _caller: Caller): Promise<void> {
      try {
        const url = new URL(request.url ?? "/", "http://route53");
        const path = decodeURIComponent(url.pathname).replace(/^\/2013-04-01\/|\/$/g, "");
        const method = request.method ?? "GET";
        const found = operations.find(([verb, pattern]) => verb === method && pattern.test(path));
        if (found === undefined) throw notImplemented("route53", `${method} ${path}`);
        const [, pattern, operation] = found;
        const body = (await readBody(request)).toString("utf8");
        const id = pattern.exec(path)?.[1] ?? "";
        const [element, members, status] = operation({ zones, id, query: url.searchParams, body });
        sendXml(response, `<${element} xmlns="${namespace}">${xmlMembers(members)}</${element}>`, status);
      } catch (error) {
        // Errors look as in the query protocols, not as in S3.
        sendError("query", asAwsError(error), request, response);
      }
    },
  };
}

function listHostedZones({ zones, query }: Route53Call): ReturnType<Operation> {
  const marker = query.get("marker");
  const all = zones.list();
  const start = marker === null ? 0 : all.findIndex(({ id }) => id === marker);
  const size = pageSize(query);
  const page = all.slice(start, start + size);
  const next = all[start + size]?.id;
  const more = { IsTruncated: next !== undefined, NextMarker: next, MaxItems: size };
  return ["ListHostedZonesResponse", { ...zoneList(page), Marker: marker ?? undefined, ...more }];
}

function listHostedZonesByName({ zones, query }: Route53Call): ReturnType<Operation> {
  const [name, id] = [query.get("dnsname"), query.get("hostedzoneid")];
  const all = zones.list();
  const from = name === null ? 0 : all.findIndex((zone) => compareFrom(zone, normalName(name), id) >= 0);
  const rest = from < 0 ? [] : all.slice(from);
  const size = pageSize(query);
  const next = rest[size];
  const more = { IsTruncated: next !== undefined, NextDNSName: next?.name, NextHostedZoneId: next?.id };
  const asked = { DNSName: name ?? undefined, HostedZoneId: id ?? undefined, MaxItems: size };
  return ["ListHostedZonesByNameResponse", { ...zoneList(rest.slice(0, size)), ...asked, ...more }];
}

function compareFrom(zone: HostedZone, name: string, id: string | null): number {
  const order = compareRecordSets({ name: zone.name, type: "" }, { name, type: "" });
  return order !== 0 || id === null ? order : Number(zone.id >= id) - 1;
}

function createHostedZone({ zones, body }: Route53Call): ReturnType<Operation> {
  const zone = zones.create(readZone(body));
  const change = zones.change(zone.id, []);
  return ["CreateHostedZoneResponse", { ...details(zone), ChangeInfo: changeInfo(change) }, 201];
}

function getHostedZone({ zones, id }: Route53Call): ReturnType<Operation> {
  return ["GetHostedZoneResponse", details(zones.zone(id))];
}

function listResourceRecordSets({ zones, id, query }: Route53Call): ReturnType<Operation> {
  const from = { name: normalName(query.get("name") ?? "."), type: query.get("type") ?? "" };
  const all = zones.zone(id).records.toSorted(compareRecordSets);
  const rest = query.has("name") ? all.filter((one) => compareRecordSets(one, from) >= 0) : all;
  const size = pageSize(query);
  const next = rest[size];
  const more = { IsTruncated: next !== undefined, NextRecordName: next?.name, NextRecordType: next?.type };
  const ResourceRecordSets = { ResourceRecordSet: rest.slice(0, size).map(recordSet) };
  return ["ListResourceRecordSetsResponse", { ResourceRecordSets, ...more, MaxItems: size }];
}

function changeResourceRecordSets({ zones, id, body }: Route53Call): ReturnType<Operation> {
  const change = zones.change(id, readChanges(body));
  return ["ChangeResourceRecordSetsResponse", { ChangeInfo: changeInfo(change) }];
}

function getChange({ zones, id }: Route53Call): ReturnType<Operation> {
  return ["GetChangeResponse", { ChangeInfo: changeInfo(zones.changeInfo(id)) }];
}

function pageSize(query: URLSearchParams): number {
  return Math.min(Number(query.get("maxitems") ?? PAGE), PAGE);
}

function zoneList(zones: readonly HostedZone[]): XmlMembers {
  return { HostedZones: { HostedZone: zones.map(shown) } };
}

function shown({ id, name, callerReference, comment, records }: HostedZone): XmlMembers {
  const Config = { Comment: comment, PrivateZone: false };
  const counted = { ResourceRecordSetCount: records.length };
  return { Id: `/hostedzone/${id}`, Name: name, CallerReference: callerReference, Config, ...counted };
}

function details(zone: HostedZone): XmlMembers {
  return {
    HostedZone: shown(zone),
    DelegationSet: { NameServers: { NameServer: nameServers } },
  };
}

function recordSet({ name, type, ttl, values }: RecordSet): XmlMembers {
  const ResourceRecord = values.map((Value) => ({ Value }));
  return { Name: name, Type: type, TTL: ttl, ResourceRecords: { ResourceRecord } };
}

function changeInfo(change: ChangeInfo): XmlMembers {
  const SubmittedAt = new Date(change.submittedAt).toISOString();
  return { Id: `/change/${change.id}`, Status: isSpread(change) ? "INSYNC" : "PENDING", SubmittedAt };
}
