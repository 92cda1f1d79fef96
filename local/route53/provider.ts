import type { Provider, Resource } from "../service.ts";
import { objects, text, texts } from "../wire/members.ts";
import { readRecordSet } from "./request.ts";
import type { HostedZones } from "./zones.ts";

/**
 * Puts record sets of the template into hosted zones, which exist already: the template makes none.
 * A stack that comes up again finds its own; on AWS the first stack is refused what others made.
 */
export function route53Provider(zones: HostedZones): Provider {
  return {
    honoured: { "AWS::Route53::RecordSetGroup": ["HostedZoneId", "RecordSets", "Comment"] },
    async provision({ stack, logicalId, properties }: Resource) {
      const changes = objects(properties, "RecordSets").map((set) => ({
        action: "UPSERT" as const,
        record: readRecordSet(set, (one) => texts(one, "ResourceRecords")),
      }));
      zones.change(text(properties, "HostedZoneId"), changes);
      return { ref: `${stack}-${logicalId}`, attributes: {} };
    },
  };
}
