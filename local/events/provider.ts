import type { Place } from "../account.ts";
import { accountId, arn } from "../account.ts";
import type { Provider, Resource } from "../service.ts";
import { members, objects, optionalText, text } from "../wire/members.ts";
import type { EventBus } from "./bus.ts";
import { isPattern } from "./bus.ts";
import type { Scheduler } from "./scheduler.ts";
import { readTarget } from "./targets.ts";

const targetMembers = ["Arn", "Id", "Input", "InputPath", "InputTransformer", "RoleArn"];

/** Makes rules and schedules. */
export function eventsProvider(bus: EventBus, scheduler: Scheduler, place: Place): Provider {
  const makeRule = (name: string, properties: Record<string, unknown>): string => {
    const ruleArn = arn(place, "events", `rule/${name}`);
    const enabled = (optionalText(properties, "State") ?? "ENABLED") !== "DISABLED";
    const targets = objects(properties, "Targets").map(readTarget);
    const pattern = properties.EventPattern;
    if (isPattern(pattern)) bus.setRule({ name, arn: ruleArn, pattern, enabled, targets });
    const expression = optionalText(properties, "ScheduleExpression");
    for (const [index, target] of expression === undefined ? [] : targets.entries()) {
      const event = (time: Date): unknown => scheduledEvent(ruleArn, place.region, time);
      scheduler.set({
        name: index === 0 ? name : `${name}-${index}`,
        sender: { service: "events.amazonaws.com", arn: ruleArn },
        expression: expression ?? "",
        enabled,
        target,
        event,
      });
    }
    return ruleArn;
  };
  return {
    honoured: {
      "AWS::Events::Rule": [
        ...["Name", "EventPattern", "ScheduleExpression", "State"],
        ...targetMembers.map((name) => `Targets.${name}`),
      ],
      "AWS::Scheduler::Schedule": [
        ...["Name", "ScheduleExpression", "State"],
        ...targetMembers.map((name) => `Target.${name}`),
      ],
    },
    async provision({ stack, logicalId, type, properties }: Resource) {
      const name = optionalText(properties, "Name") ?? `${stack}-${logicalId}`;
      if (type === "AWS::Events::Rule") return { ref: name, attributes: { Arn: makeRule(name, properties) } };
      const enabled = (optionalText(properties, "State") ?? "ENABLED") !== "DISABLED";
      const target = readTarget(members(properties, "Target"));
      const expression = text(properties, "ScheduleExpression");
      const Arn = arn(place, "scheduler", `schedule/default/${name}`);
      // A role's trust may name the group of the schedule, not the schedule.
      // https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
      const source = arn(place, "scheduler", "schedule-group/default");
      const sender = { service: "scheduler.amazonaws.com", arn: source };
      scheduler.set({ name, sender, expression, enabled, target, event: () => ({}) });
      return { ref: name, attributes: { Arn } };
    },
  };
}

function scheduledEvent(ruleArn: string, region: string, time: Date): unknown {
  return {
    version: "0",
    id: crypto.randomUUID(),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: accountId,
    time: time.toISOString().replace(/\.\d+Z$/, "Z"),
    region,
    resources: [ruleArn],
    detail: {},
  };
}
