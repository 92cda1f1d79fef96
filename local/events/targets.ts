import { isObject, members, optionalText, text } from "../wire/members.ts";

/** Where a rule or schedule sends what, as the template writes it. */
export interface Target {
  readonly arn: string;
  /** What it is called as; without one the target's own policy must let EventBridge in. */
  readonly roleArn?: string | undefined;
  /** A constant input, a path into the event, or a template filled from paths; else the event itself. */
  readonly input?: string | undefined;
  readonly inputPath?: string | undefined;
  readonly inputPaths?: Record<string, unknown> | undefined;
  readonly inputTemplate?: string | undefined;
}

/** Reads a target from a template or an API call. */
export function readTarget(properties: Record<string, unknown>): Target {
  const transformer = members(properties, "InputTransformer");
  return {
    arn: text(properties, "Arn"),
    roleArn: optionalText(properties, "RoleArn"),
    input: optionalText(properties, "Input"),
    inputPath: optionalText(properties, "InputPath"),
    inputPaths: members(transformer, "InputPathsMap"),
    inputTemplate: optionalText(transformer, "InputTemplate"),
  };
}

/** What a target gets of an event. */
export function targetInput(target: Target, event: unknown): unknown {
  if (target.input !== undefined) return JSON.parse(target.input);
  if (target.inputPath !== undefined) return atPath(event, target.inputPath);
  if (target.inputTemplate === undefined) return event;
  const filled = target.inputTemplate.replace(/"?<([\w.-]+)>"?/g, (whole, name: string) => {
    const path = target.inputPaths?.[name];
    if (typeof path !== "string") return whole;
    const value = atPath(event, path);
    const quoted = whole.startsWith('"') && whole.endsWith('"');
    return quoted || typeof value !== "string" ? JSON.stringify(value) : value;
  });
  try {
    return JSON.parse(filled) as unknown;
  } catch {
    return filled;
  }
}

function atPath(value: unknown, path: string): unknown {
  const steps = path.replace(/^\$\.?/, "").split(".");
  let found = value;
  for (const step of steps) {
    if (step === "") continue;
    if (Array.isArray(found)) found = found[Number(step)];
    else found = isObject(found) ? found[step] : undefined;
  }
  return found;
}
