import { readChanges } from "../route53/request.ts";
import type { Demands } from "./demands.ts";
import { demand } from "./demands.ts";

const zone = (id: string) => `arn:aws:route53:::hostedzone/${id}`;

/**
 * Permissions by method and path. Changes are conditioned by what they name.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
 */
export const route53Demands: Demands = ({ method, url, body }) => {
  const path = decodeURIComponent(url.split("?")[0] ?? "").replace(/^\/2013-04-01\/|\/$/g, "");
  const [kind, id = "", part] = path.split("/");
  if (kind === "change") return [demand("route53:GetChange", `arn:aws:route53:::change/${id}`)];
  if (kind === "hostedzonesbyname") return [demand("route53:ListHostedZonesByName", "*")];
  if (kind !== "hostedzone") return undefined;
  if (id === "")
    return [demand(method === "POST" ? "route53:CreateHostedZone" : "route53:ListHostedZones", "*")];
  if (part === undefined) return [demand("route53:GetHostedZone", zone(id))];
  if (method === "GET") return [demand("route53:ListResourceRecordSets", zone(id))];
  const changes = readChanges(body?.toString("utf8") ?? "");
  const key = (name: string) => `route53:ChangeResourceRecordSets${name}`;
  const context = {
    [key("Actions")]: changes.map(({ action }) => action),
    [key("NormalizedRecordNames")]: changes.map(({ record }) => record.name.replace(/\.$/, "")),
    [key("RecordTypes")]: changes.map(({ record }) => record.type),
  };
  return [demand("route53:ChangeResourceRecordSets", zone(id), context)];
};
