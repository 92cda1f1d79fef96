import type { CachePlace } from "./cache.ts";

/** A project of the template. */
export interface Project {
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly artifacts: Readonly<Record<string, unknown>>;
  readonly environment: readonly Variable[];
  readonly image: string;
  readonly computeType: string;
  readonly timeoutMinutes: number;
  readonly queuedTimeoutMinutes: number;
  readonly logGroup: string;
  readonly cache: CachePlace | undefined;
}

/** An environment variable of a build. */
export interface Variable {
  readonly name: string;
  readonly value: string;
}

export type BuildStatus = "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "STOPPED" | "IN_PROGRESS";

/** One phase of a build. Times are milliseconds since 1970. */
export interface Phase {
  readonly type: string;
  readonly started: number;
  ended?: number;
  status?: "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "STOPPED";
  /** Why it failed: the code and text that CodeBuild gives. */
  context?: { readonly statusCode: string; readonly message: string };
}

/** One build, as kept on disk. */
export interface Build {
  readonly id: string;
  readonly arn: string;
  readonly number: number;
  readonly project: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly artifacts: Readonly<Record<string, unknown>>;
  readonly environment: readonly Variable[];
  readonly buildspec: string | undefined;
  readonly token: string | undefined;
  readonly initiator: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly started: number;
  readonly timeoutMinutes: number;
  readonly phases: Phase[];
  status: BuildStatus;
  currentPhase: string;
  ended?: number;
  artifactLocation?: string;
}
