import { setTimeout as pause } from "node:timers/promises";
import { DeleteStackCommand } from "@aws-sdk/client-cloudformation";
import { PutFunctionConcurrencyCommand } from "@aws-sdk/client-lambda";
import { StopExecutionCommand } from "@aws-sdk/client-sfn";
import { removeImage, removeSnapshot } from "../../lib/aws/images.ts";
import { terminateMachines } from "../../lib/aws/machines.ts";
import { sfn } from "../../lib/aws/sfn-client.ts";
import { contracts } from "../../lib/contracts.ts";
import { TAKE_OVER_AFTER_SECONDS } from "../../lib/turn.ts";
import { cloudFormation } from "../clients/cloud-formation-client.ts";
import { lambda } from "../clients/lambda-client.ts";
import { findDeployed, physicalIds } from "../doctor/deployed.ts";
import { CommandFailed } from "../failure.ts";
import { fleetOf } from "../read/fleet.ts";
import { runningOf } from "../read/running.ts";
import type { Site } from "../read/site.ts";
import { deleteBucket, emptyBucket } from "./buckets.ts";

/** One part of removing a stack: each may be run again, and does what is left. */
export interface Part {
  readonly title: string;
  /** Returns what it did, in a few words. */
  run(tell: (how: string) => void, signal: AbortSignal): Promise<string>;
}

const BETWEEN_MS = 2_000;
const MACHINES_MS = 10 * 60 * 1000;
const STACK_MS = 45 * 60 * 1000;

/**
 * What removes a stack and everything that it made, in the order in which it can be removed (docs/aws.md, "Remove").
 * `keepBuckets` leaves the site, its records and archives.
 */
export function partsOf(site: Site, keepBuckets: boolean): Part[] {
  const buckets = [site.contentBucket, site.stateBucket];
  return [
    { title: "stopping the pipeline", run: (tell, signal) => stopPipeline(site, tell, signal) },
    { title: "terminating the machines", run: (tell, signal) => removeMachines(tell, signal) },
    { title: "removing images and snapshots", run: () => removeImages() },
    { title: "deleting the CloudFormation stack", run: (tell, signal) => removeStack(site, tell, signal) },
    ...(keepBuckets ? [] : buckets).map((bucket) => ({
      title: `emptying and deleting ${bucket}`,
      run: async (tell: (how: string) => void, signal: AbortSignal) => {
        let objects = 0;
        await emptyBucket(
          bucket,
          (deleted) => {
            objects = deleted;
            tell(`${deleted} objects`);
          },
          signal,
        );
        await deleteBucket(bucket);
        return `${objects} objects`;
      },
    })),
  ];
}

/** No deployment begins any more, and none goes on. A stopped execution's function runs on for its time limit. */
async function stopPipeline(site: Site, tell: (how: string) => void, signal: AbortSignal): Promise<string> {
  await lambda().send(
    new PutFunctionConcurrencyCommand({
      FunctionName: `${site.stack}-take-turn`,
      ReservedConcurrentExecutions: 0,
    }),
  );
  const running = await runningOf(site);
  for (const { arn } of running) await sfn().send(new StopExecutionCommand({ executionArn: arn }));
  // What only waited has no function that could still be doing something.
  const worked = running.some(({ steps }) => Object.hasOwn(contracts, steps.at(-1)?.state ?? "take-turn"));
  if (!worked) return running.length === 0 ? "nothing ran" : `${running.length} stopped`;
  tell(`what they still do ends within ${TAKE_OVER_AFTER_SECONDS} s`);
  await pause(TAKE_OVER_AFTER_SECONDS * 1000, undefined, { signal });
  return `${running.length} stopped`;
}

async function removeMachines(tell: (how: string) => void, signal: AbortSignal): Promise<string> {
  const { machines } = await fleetOf();
  await terminateMachines(machines.map(({ instanceId }) => instanceId));
  for (const begin = Date.now(); ; await pause(BETWEEN_MS, undefined, { signal })) {
    const left = (await fleetOf()).machines;
    if (left.length === 0) return `${machines.length} terminated`;
    tell(`${left.length} left`);
    if (Date.now() - begin > MACHINES_MS) {
      const ids = left.map(({ instanceId }) => instanceId).join(", ");
      throw new CommandFailed(
        `${ids} had not ended after ${MACHINES_MS / 60_000} minutes; run destroy again.`,
      );
    }
  }
}

async function removeImages(): Promise<string> {
  const { images, snapshots } = await fleetOf();
  for (const { imageId } of images) await removeImage(imageId);
  for (const { snapshotId } of snapshots) await removeSnapshot(snapshotId);
  return `${images.length} images, ${snapshots.length} snapshots`;
}

/** Deletes the stack with all that is CloudFormation's; its deployment bucket has to be empty before. */
async function removeStack(
  { stack, contentBucket, stateBucket }: Site,
  tell: (how: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const deployed = await findDeployed(stack);
  if (deployed === undefined) return "gone already";
  const kept = [contentBucket, stateBucket];
  for (const bucket of physicalIds(deployed, "AWS::S3::Bucket").filter((name) => !kept.includes(name)))
    await emptyBucket(bucket, () => {}, signal);
  try {
    await cloudFormation().send(new DeleteStackCommand({ StackName: stack }));
  } catch (error) {
    if (!(error instanceof Error && error.name === "NotImplemented")) throw error;
    return "this endpoint cannot: the local cloud's stack goes with its data directory";
  }
  for (
    const begin = Date.now();
    Date.now() - begin < STACK_MS;
    await pause(BETWEEN_MS, undefined, { signal })
  ) {
    const now = await findDeployed(stack);
    if (now === undefined) return "gone";
    if (now.status === "DELETE_FAILED")
      throw new CommandFailed(`CloudFormation cannot delete ${stack}: ${now.reason ?? "it gives no reason"}`);
    tell(
      `${now.resources.filter(({ ResourceStatus }) => ResourceStatus !== "DELETE_COMPLETE").length} resources left`,
    );
  }
  throw new CommandFailed(`${stack} was not gone after ${STACK_MS / 60_000} minutes; run destroy again.`);
}
