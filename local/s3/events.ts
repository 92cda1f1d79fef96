import { accountId } from "../account.ts";
import type { EventInput } from "../events/bus.ts";
import { requestId } from "../wire/reply.ts";
import { unquote } from "./store.ts";
import type { ObjectChange } from "./types.ts";

/**
 * A change as S3 tells EventBridge of it.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export function changeEvent({ bucket, key, reason, object, sequencer }: ObjectChange): EventInput {
  const content = object === undefined ? {} : { size: object.size, etag: unquote(object.etag) };
  return {
    source: "aws.s3",
    detailType: object === undefined ? "Object Deleted" : "Object Created",
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: "0",
      bucket: { name: bucket },
      object: { key, ...content, sequencer },
      "request-id": requestId(),
      requester: accountId,
      "source-ip-address": "127.0.0.1",
      reason,
      ...(object === undefined ? { "deletion-type": "Permanently Deleted" } : {}),
    },
  };
}
