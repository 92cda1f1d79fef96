import type { SQSEvent } from "aws-lambda";
import { deploy } from "../lib/aws/deployments.ts";
import { handlerChain, oneLogLine, transientFaults } from "../lib/step.ts";

/**
 * Takes a batch of "object created" and "object deleted" events from the queue. What changed does not
 * matter, the listing tells: one request for the whole batch, which costs one S3 write.
 */
export const handler = handlerChain<SQSEvent, void>()
  .use(oneLogLine("content-changed"))
  .use(transientFaults())
  .handler(async (event) => {
    if (event.Records.length > 0) await deploy("content");
  });
