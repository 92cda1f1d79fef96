import { parse } from "yaml";
import { isObject, members, optionalText, texts } from "../wire/members.ts";

/** One phase of a buildspec. */
export interface SpecPhase {
  readonly name: "install" | "pre_build" | "build" | "post_build";
  readonly commands: readonly string[];
  readonly finally: readonly string[];
  /** "ABORT": a failure ends the build; "CONTINUE": it does not. */
  readonly onFailure: string;
}

/** A buildspec, as far as it is carried out here. */
export interface Buildspec {
  readonly shell: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly exported: readonly string[];
  readonly phases: readonly SpecPhase[];
  readonly artifacts: {
    readonly files: readonly string[];
    readonly baseDirectory: string;
    readonly discardPaths: boolean;
    readonly name: string | undefined;
  };
  readonly cachePaths: readonly string[];
}

/** The buildspec cannot be used. */
class InvalidBuildspec extends Error {
  override readonly name = "InvalidBuildspec";
}

const phaseNames = ["install", "pre_build", "build", "post_build"] as const;

/**
 * Reads a buildspec of version 0.2. Throws InvalidBuildspec.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
 */
export function readBuildspec(text: string): Buildspec {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new InvalidBuildspec(`YAML_FILE_ERROR: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(value)) throw new InvalidBuildspec("YAML_FILE_ERROR: the buildspec is not a mapping.");
  if (String(value.version) !== "0.2")
    throw new InvalidBuildspec("YAML_FILE_ERROR: only version 0.2 is run here.");
  const phases = members(value, "phases");
  const unknown = Object.keys(phases).find((name) => !phaseNames.some((known) => known === name));
  if (unknown !== undefined) throw new InvalidBuildspec(`YAML_FILE_ERROR: there is no phase ${unknown}.`);
  const env = members(value, "env");
  const artifacts = members(value, "artifacts");
  return {
    shell: optionalText(env, "shell") === "bash" ? "bash" : "sh",
    variables: Object.fromEntries(
      Object.entries(members(env, "variables")).map(([key, one]) => [key, String(one)]),
    ),
    exported: texts(env, "exported-variables"),
    phases: phaseNames.flatMap((name) => {
      if (phases[name] === undefined) return [];
      const phase = members(phases, name);
      const onFailure = optionalText(phase, "on-failure") ?? "ABORT";
      return [{ name, commands: texts(phase, "commands"), finally: texts(phase, "finally"), onFailure }];
    }),
    artifacts: {
      files: texts(artifacts, "files"),
      baseDirectory: optionalText(artifacts, "base-directory") ?? ".",
      discardPaths: ["yes", "true"].includes(optionalText(artifacts, "discard-paths") ?? "no"),
      name: optionalText(artifacts, "name"),
    },
    cachePaths: texts(members(value, "cache"), "paths"),
  };
}
