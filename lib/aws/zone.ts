import {
  ChangeResourceRecordSetsCommand,
  GetHostedZoneCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
} from "@aws-sdk/client-route-53";
import { ResourceGone } from "../errors.ts";
import { setting } from "../settings.ts";
import { route53 } from "./route53-client.ts";

/** Short: it is gone after the challenge. */
const TTL_SECONDS = 30;

function zoneId(): string {
  const id = setting("HOSTED_ZONE");
  if (id === undefined)
    throw new ResourceGone("The stack has no hosted zone any more; deploy it again with one.");
  return id;
}

/** A TXT value as a zone file has it: quoted, at most 255 characters, which every ACME answer is. */
const quoted = (text: string) => `"${text}"`;
const unquoted = (text: string) => text.replace(/^"|"$/g, "");

/** Changes the values of a TXT record of the hosted zone, beside whatever else stands there; none left removes it. */
export async function changeTexts(name: string, change: (found: string[]) => string[]): Promise<void> {
  const HostedZoneId = zoneId();
  const found = await findTexts(HostedZoneId, name);
  const values = (found?.ResourceRecords ?? []).map(({ Value }) => unquoted(Value ?? ""));
  const wanted = change(values);
  if (wanted.length === values.length && wanted.every((text) => values.includes(text))) return;
  const ResourceRecords = wanted.map((text) => ({ Value: quoted(text) }));
  const record: ResourceRecordSet = { Name: name, Type: "TXT", TTL: TTL_SECONDS, ResourceRecords };
  const Action = wanted.length === 0 ? "DELETE" : "UPSERT";
  const changed = wanted.length === 0 ? found : record;
  await route53().send(
    new ChangeResourceRecordSetsCommand({
      HostedZoneId,
      ChangeBatch: { Comment: "ACME challenge", Changes: [{ Action, ResourceRecordSet: changed }] },
    }),
  );
}

async function findTexts(HostedZoneId: string, name: string): Promise<ResourceRecordSet | undefined> {
  const { ResourceRecordSets } = await route53().send(
    new ListResourceRecordSetsCommand({
      HostedZoneId,
      StartRecordName: name,
      StartRecordType: "TXT",
      MaxItems: 1,
    }),
  );
  const [first] = ResourceRecordSets ?? [];
  return first?.Type === "TXT" && first.Name?.replace(/\.$/, "") === name ? first : undefined;
}

/** The names of the servers that have the last word on the hosted zone. */
export async function nameServers(): Promise<string[]> {
  const { DelegationSet } = await route53().send(new GetHostedZoneCommand({ Id: zoneId() }));
  return DelegationSet?.NameServers ?? [];
}
