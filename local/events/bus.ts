import { randomUUID } from "node:crypto";
import { accountId } from "../account.ts";
import { isObject } from "../wire/members.ts";
import { matchesPattern } from "./pattern.ts";
import type { Target } from "./targets.ts";
import { targetInput } from "./targets.ts";

/** What a service or PutEvents puts on the bus. */
export interface EventInput {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Record<string, unknown>;
}

/** An event as rules and targets see it. */
interface BusEvent {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Record<string, unknown>;
}

/** A rule of the default bus. */
export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly pattern: Record<string, unknown>;
  readonly enabled: boolean;
  readonly targets: readonly Target[];
}

/** What sends: a rule, or a schedule of EventBridge Scheduler. */
export interface Sender {
  /** "events.amazonaws.com" or "scheduler.amazonaws.com" */
  readonly service: string;
  readonly arn: string;
}

/** Hands an event's input to the queue, function or state machine of a target. */
export type Deliver = (target: Target, input: unknown, sender: Sender) => void;

/** EventBridge's default bus: every event goes to the targets of every rule that it matches. */
export class EventBus {
  private readonly rules = new Map<string, Rule>();
  private readonly region: string;
  private readonly deliver: Deliver;

  constructor(region: string, deliver: Deliver) {
    this.region = region;
    this.deliver = deliver;
  }

  /** Adds a rule, or replaces the one of its name. */
  setRule(rule: Rule): void {
    this.rules.set(rule.name, rule);
  }

  /** All rules. */
  allRules(): Rule[] {
    return [...this.rules.values()];
  }

  /** Puts an event on the bus and returns its id. */
  put(input: EventInput): string {
    const event: BusEvent = {
      version: "0",
      id: randomUUID(),
      "detail-type": input.detailType,
      source: input.source,
      account: accountId,
      time: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      region: this.region,
      resources: input.resources,
      detail: input.detail,
    };
    for (const rule of this.rules.values()) {
      if (!rule.enabled || !matchesPattern(rule.pattern, event)) continue;
      const sender = { service: "events.amazonaws.com", arn: rule.arn };
      for (const target of rule.targets) this.deliver(target, targetInput(target, event), sender);
    }
    return event.id;
  }
}

/** Whether a value can be the pattern of a rule. */
export function isPattern(value: unknown): value is Record<string, unknown> {
  return isObject(value) && Object.keys(value).length > 0;
}
