import type { Service } from "../service.ts";
import { AwsError } from "../service.ts";
import { isObject, objects, optionalText, text, texts } from "../wire/members.ts";
import { jsonService } from "../wire/services.ts";
import type { EventBus } from "./bus.ts";

/** EventBridge: PutEvents, and looking at rules and their targets. */
export function eventsService(bus: EventBus): Service {
  return jsonService(["events"], "1.1", {
    PutEvents: (input) => {
      const entries = objects(input, "Entries");
      if (entries.length === 0 || entries.length > 10) {
        throw new AwsError("ValidationException", "Entries must hold 1 to 10 events.");
      }
      return { FailedEntryCount: 0, Entries: entries.map((entry) => ({ EventId: putEntry(bus, entry) })) };
    },
    ListRules: () => ({
      Rules: bus.allRules().map((rule) => ({
        Name: rule.name,
        Arn: rule.arn,
        EventPattern: JSON.stringify(rule.pattern),
        State: rule.enabled ? "ENABLED" : "DISABLED",
        EventBusName: "default",
      })),
    }),
    ListTargetsByRule: (input) => {
      const name = text(input, "Rule");
      const rule = bus.allRules().find((one) => one.name === name);
      if (rule === undefined) throw new AwsError("ResourceNotFoundException", `Rule ${name} does not exist.`);
      return { Targets: rule.targets.map((target, index) => ({ Id: String(index), Arn: target.arn })) };
    },
  });
}

function putEntry(bus: EventBus, entry: Record<string, unknown>): string {
  const source = text(entry, "Source");
  if (source.startsWith("aws.")) {
    throw new AwsError("NotAuthorizedForSourceException", `Not authorized for the source ${source}.`);
  }
  const detail: unknown = JSON.parse(optionalText(entry, "Detail") ?? "{}");
  if (!isObject(detail)) throw new AwsError("MalformedDetail", "Detail is not a JSON object.");
  return bus.put({
    source,
    detailType: text(entry, "DetailType"),
    resources: texts(entry, "Resources"),
    detail,
  });
}
