import { XMLParser, XMLValidator } from "fast-xml-parser";
import { AwsError } from "../service.ts";
import { isObject, members, objects, optionalText, text } from "../wire/members.ts";
import { normalName } from "./names.ts";
import type { RecordSet } from "./record-sets.ts";
import type { Change } from "./zones.ts";

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  isArray: (name) => name === "Change" || name === "ResourceRecord",
});

/** CreateHostedZone's body. Throws InvalidInput. */
export function readZone(body: string): { name: string; callerReference: string; comment?: string } {
  const request = read(body, "CreateHostedZoneRequest");
  const comment = optionalText(members(request, "HostedZoneConfig"), "Comment");
  const named = { name: text(request, "Name"), callerReference: text(request, "CallerReference") };
  return { ...named, ...(comment === undefined ? {} : { comment }) };
}

/** ChangeResourceRecordSets' body. Throws InvalidInput. */
export function readChanges(body: string): Change[] {
  const batch = members(read(body, "ChangeResourceRecordSetsRequest"), "ChangeBatch");
  return objects(members(batch, "Changes"), "Change").map((change) => ({
    action: actionOf(text(change, "Action")),
    record: readRecordSet(members(change, "ResourceRecordSet"), (set) =>
      objects(members(set, "ResourceRecords"), "ResourceRecord").map((one) => text(one, "Value")),
    ),
  }));
}

/** A record set as calls and templates write it, which put the values differently. Throws InvalidInput. */
export function readRecordSet(
  set: Record<string, unknown>,
  valuesOf: (set: Record<string, unknown>) => string[],
): RecordSet {
  for (const kind of ["AliasTarget", "SetIdentifier", "Weight", "Failover", "HealthCheckId"])
    if (kind in set) throw invalid(`The local cloud has no record sets with ${kind}.`);
  return {
    name: normalName(text(set, "Name")),
    type: text(set, "Type"),
    ttl: Number(optionalText(set, "TTL") ?? Number.NaN),
    values: valuesOf(set),
  };
}

function actionOf(action: string): Change["action"] {
  if (action === "CREATE" || action === "DELETE" || action === "UPSERT") return action;
  throw invalid(`Invalid action ${action}: it is CREATE, DELETE or UPSERT.`);
}

function read(body: string, root: string): Record<string, unknown> {
  const parsed: unknown = XMLValidator.validate(body) === true ? parser.parse(body) : undefined;
  const request = isObject(parsed) ? parsed[root] : undefined;
  if (isObject(request)) return request;
  throw invalid(`The body is no ${root}.`);
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidInput", message);
}
