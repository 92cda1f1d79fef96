import {
  GetHostedZoneCommand,
  type GetHostedZoneResponse,
  ListResourceRecordSetsCommand,
} from "@aws-sdk/client-route-53";
import { route53 } from "../../lib/aws/route53-client.ts";
import { type Check, type Finding, ok, problem, type Subject, warning } from "./finding.ts";
import { type Names, Unresolved } from "./names.ts";
import { siteNames } from "./parameters.ts";

/** The hosted zone exists, holds the site's names, answers for them, and has room for the stack's records. */
export const hostedZone: Check = {
  name: "hosted zone",
  async run(subject) {
    const id = subject.parameters.hostedZone ?? "";
    if (id === "") return [];
    const zone = await find(id);
    if (zone === undefined) {
      return [
        problem(
          `The parameter hostedZone: this account has no hosted zone ${id}.`,
          "Take the id of the zone from: aws route53 list-hosted-zones",
        ),
      ];
    }
    const unfit = mismatch(id, zone, siteNames(subject.parameters));
    if (unfit !== undefined) return [unfit];
    return [await delegation(zone, subject.names), ...(await occupied(id, subject))];
  },
};

async function find(Id: string): Promise<GetHostedZoneResponse | undefined> {
  try {
    return await route53().send(new GetHostedZoneCommand({ Id }));
  } catch (error) {
    if (error instanceof Error && error.name === "NoSuchHostedZone") return undefined;
    throw error;
  }
}

const withoutDot = (name = "") => name.replace(/\.$/, "").toLowerCase();

/** Why a zone cannot hold the site's names. Pure. */
export function mismatch(
  id: string,
  { HostedZone }: GetHostedZoneResponse,
  names: readonly string[],
): Finding | undefined {
  const zone = withoutDot(HostedZone?.Name);
  const strangers = names.filter((name) => name !== zone && !name.endsWith(`.${zone}`));
  if (strangers.length > 0) {
    return problem(
      `The parameter hostedZone: ${id} is the zone of ${zone}, which cannot hold ${strangers.join(", ")}.`,
      "Give the id of the zone that the domain lies in, or leave hostedZone out and make the records by hand.",
    );
  }
  if (HostedZone?.Config?.PrivateZone !== true) return undefined;
  return problem(
    `The parameter hostedZone: ${id} (${zone}) is a private zone, which nobody outside its VPC sees.`,
    "Give the id of the public zone of that name.",
  );
}

/** Whether the world asks this zone: the name servers that the domain is delegated to are its own. */
async function delegation(
  { HostedZone, DelegationSet }: GetHostedZoneResponse,
  names: Names,
): Promise<Finding> {
  const zone = withoutDot(HostedZone?.Name);
  const own = (DelegationSet?.NameServers ?? []).map(withoutDot).sort();
  try {
    const found = (await names.nameServers(zone)).map(withoutDot).sort();
    if (found.some((server) => own.includes(server))) return ok(`${zone} is delegated to the hosted zone`);
    return problem(
      `${zone} is delegated to ${found.join(", ") || "no name server"}, not to the hosted zone's ${own.join(", ")}.`,
      `Set the name servers of ${zone} at its registrar to ${own.join(", ")}.`,
    );
  } catch (error) {
    if (!(error instanceof Unresolved)) throw error;
    return warning(error.message, "Ask again, or name another name server with --resolver.");
  }
}

/** CloudFormation does not take over a record that is there already. */
async function occupied(HostedZoneId: string, { parameters, deployed }: Subject): Promise<Finding[]> {
  const made = deployed?.resources.some(({ ResourceType = "" }) =>
    ResourceType.startsWith("AWS::Route53::RecordSet"),
  );
  if (made) return [];
  const found = await Promise.all(
    siteNames(parameters).map(async (name) => {
      const { ResourceRecordSets } = await route53().send(
        new ListResourceRecordSetsCommand({ HostedZoneId, StartRecordName: name, MaxItems: 20 }),
      );
      const here = (ResourceRecordSets ?? []).filter(
        (one) => withoutDot(one.Name).replace("\\052", "*") === name,
      );
      return here
        .filter(({ Type }) => Type === "A" || Type === "CNAME")
        .map(({ Type }) => `${Type} of ${name}`);
    }),
  );
  return found
    .flat()
    .map((record) =>
      problem(
        `The hosted zone has a record already where the stack makes one: ${record}.`,
        "Remove it just before the deploy, for CloudFormation does not replace what it did not make.",
      ),
    );
}
