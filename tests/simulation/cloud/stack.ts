import { readFileSync } from "node:fs";
import { parse, type ScalarTag } from "yaml";
import * as z from "zod";
import { accountId } from "../../../local/account.ts";

const root = new URL("../../../", import.meta.url);

/** CloudFormation's short forms, kept as text: `!GetAtt take-turn.Arn` is `take-turn.Arn`. */
const customTags = ["!GetAtt", "!Ref", "!Sub", "!Not", "!Equals", "!Join", "!If"].flatMap((tag) => [
  { tag, resolve: (text: string) => text } satisfies ScalarTag,
  { tag, collection: "seq" as const },
]);

const read = (file: string): unknown =>
  parse(readFileSync(new URL(file, root), "utf8"), { customTags, merge: true, logLevel: "error" });

const eventSchema = z.union([
  z.object({ schedule: z.object({ rate: z.string().regex(/^rate\(\d+ (minutes?|hours?|days?)\)$/) }) }),
  z.object({ eventBridge: z.object({ pattern: z.record(z.string(), z.unknown()) }) }),
  z.object({ sqs: z.unknown() }),
  z.looseObject({}),
]);

const functionSchema = z.object({
  timeout: z.number().optional(),
  environment: z.record(z.string(), z.unknown()).optional(),
  events: z.array(eventSchema).optional(),
});

const serverlessSchema = z.object({
  provider: z.object({ timeout: z.number(), environment: z.record(z.string(), z.unknown()) }),
  functions: z.record(z.string(), functionSchema),
  stepFunctions: z.object({
    stateMachines: z.record(z.string(), z.object({ definition: z.string() })),
  }),
});

/** A function as serverless.yml declares it. */
interface DeclaredFunction {
  readonly name: string;
  readonly timeoutSeconds: number;
  /** Names of its environment variables. */
  readonly variables: readonly string[];
  /** Seconds between the runs of its schedule. */
  readonly everySeconds: number | undefined;
  /** Instance states that it is told of. */
  readonly instanceStates: readonly string[];
}

interface DeclaredMachine {
  readonly name: string;
  /** Its Tasks name functions by ARNs. */
  readonly definition: Record<string, unknown>;
}

export interface DeclaredStack {
  readonly functions: readonly DeclaredFunction[];
  readonly machines: readonly DeclaredMachine[];
}

const SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

/** Reads serverless.yml and the state machines as they stand: what is declared there is what runs here. */
export function readStack(): DeclaredStack {
  const { provider, functions, stepFunctions } = serverlessSchema.parse(read("serverless.yml"));
  return {
    functions: Object.entries(functions).map(([name, { timeout, environment, events }]) => ({
      name,
      timeoutSeconds: timeout ?? provider.timeout,
      variables: [...Object.keys(provider.environment), ...Object.keys(environment ?? {})],
      everySeconds: everyOf(events ?? []),
      instanceStates: (events ?? []).flatMap(statesOf),
    })),
    machines: Object.entries(stepFunctions.stateMachines).map(([name, { definition }]) => {
      const [, file] = /^\$\{file\((.+)\)\}$/.exec(definition) ?? [];
      if (file === undefined) throw new Error(`The definition of ${name} is no file: ${definition}`);
      return { name, definition: withArns(read(file)) as Record<string, unknown> };
    }),
  };
}

type Event = z.infer<typeof eventSchema>;

function everyOf(events: readonly Event[]): number | undefined {
  for (const event of events) {
    if (!("schedule" in event)) continue;
    const [, count = "", unit = ""] =
      /^rate\((\d+) (\w+?)s?\)$/.exec((event.schedule as { rate: string }).rate) ?? [];
    return Number(count) * (SECONDS[unit] ?? Number.NaN);
  }
  return undefined;
}

const patternSchema = z.object({
  source: z.array(z.string()),
  detail: z.object({ state: z.array(z.string()) }),
});

function statesOf(event: Event): string[] {
  if (!("eventBridge" in event)) return [];
  const pattern = patternSchema.safeParse((event.eventBridge as { pattern: unknown }).pattern);
  return pattern.success && pattern.data.source.includes("aws.ec2") ? pattern.data.detail.state : [];
}

/** `Resource: take-turn.Arn` becomes the ARN of the function. */
function withArns(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withArns);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === "Resource" && typeof member === "string" && member.endsWith(".Arn")
        ? functionArn(member.slice(0, -".Arn".length))
        : withArns(member),
    ]),
  );
}

function functionArn(name: string): string {
  return `arn:aws:lambda:us-east-1:${accountId}:function:${name}`;
}

export function machineArn(name: string): string {
  return `arn:aws:states:us-east-1:${accountId}:stateMachine:simulated-${name}`;
}
