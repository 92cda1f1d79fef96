import { resolve } from "node:path";
import type { Command } from "commander";
import { findEndpoint } from "../local/running.ts";
import { CommandFailed } from "./failure.ts";
import { root } from "./root.ts";

/** Where `npm start` keeps everything unless it is told otherwise. */
const usual = resolve(root, ".mirage-pages");

/** Which stack a command is about, and where. */
export interface Target {
  readonly stage: string;
  /** "mirage-pages-prod": the name of the CloudFormation stack, and what everything of it is named after. */
  readonly stack: string;
  readonly region: string;
  /** It is the local cloud, or another endpoint than AWS's own. */
  readonly endpoint: string | undefined;
}

export interface TargetOptions {
  readonly local?: boolean;
  readonly data?: string;
  readonly endpoint?: string;
  readonly stage: string;
  readonly region?: string;
  readonly profile?: string;
}

/** The options by which every command finds its stack. */
export function withTarget(command: Command): Command {
  return command
    .option("--stage <name>", "stage of the stack, as given to serverless", "prod")
    .option("--region <name>", "AWS region (default: AWS_REGION, else us-east-1, as for serverless)")
    .option("--profile <name>", "profile of the AWS configuration (default: AWS_PROFILE)")
    .option("--local", "ask the local cloud that `npm start` runs")
    .option("--data <dir>", "with --local: where that one keeps everything, if not where it does by itself")
    .option("--endpoint <url>", "ask this AWS endpoint");
}

/**
 * Points the AWS SDK of this process at what the options name: AWS with its own chain of credentials, or the
 * local cloud with the keys that it wrote down. Throws CommandFailed when no local cloud runs there.
 */
export function aim(options: TargetOptions): Target {
  if (options.local) Object.assign(process.env, localEnvironment(resolve(options.data ?? usual)));
  if (options.endpoint !== undefined) process.env.AWS_ENDPOINT_URL = options.endpoint;
  if (options.profile !== undefined) process.env.AWS_PROFILE = options.profile;
  const region = options.region ?? process.env.AWS_REGION ?? "us-east-1";
  process.env.AWS_REGION = region;
  const { stage } = options;
  return { stage, stack: `mirage-pages-${stage}`, region, endpoint: process.env.AWS_ENDPOINT_URL };
}

function localEnvironment(data: string): Record<string, string> {
  const environment = findEndpoint(data);
  if (environment !== undefined) return environment;
  throw new CommandFailed(
    `No local cloud runs on ${data}. Start one with \`npm start\` and wait until it has uploaded, ` +
      "or name its data directory with --data.",
  );
}
