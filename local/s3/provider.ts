import { createHash } from "node:crypto";
import { accountId } from "../account.ts";
import type { Judge } from "../iam/judge.ts";
import type { Provider, Resource } from "../service.ts";
import { members, optionalBoolean, optionalText, text } from "../wire/members.ts";
import type { ObjectStore } from "./store.ts";

/** Makes buckets, says which of them send events, and lays policies on them. */
export function s3Provider(
  store: ObjectStore,
  region: string,
  eventBuckets: Set<string>,
  judge: Judge,
): Provider {
  return {
    honoured: {
      "AWS::S3::Bucket": [
        "BucketName",
        "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled",
      ],
      "AWS::S3::BucketPolicy": ["Bucket", "PolicyDocument"],
    },
    async provision({ stack, logicalId, type, properties }: Resource) {
      if (type === "AWS::S3::BucketPolicy") {
        const bucket = text(properties, "Bucket");
        judge.lay(`arn:aws:s3:::${bucket}`, properties.PolicyDocument);
        return { ref: bucket, attributes: {} };
      }
      const name = optionalText(properties, "BucketName") ?? generatedName(stack, logicalId);
      store.createBucket(name);
      const bridge = members(members(properties, "NotificationConfiguration"), "EventBridgeConfiguration");
      if (optionalBoolean(bridge, "EventBridgeEnabled") === true) eventBuckets.add(name);
      const domain = `${name}.s3.amazonaws.com`;
      const regional = `${name}.s3.${region}.amazonaws.com`;
      const attributes = { Arn: `arn:aws:s3:::${name}`, DomainName: domain, RegionalDomainName: regional };
      return { ref: name, attributes };
    },
  };
}

/** Like CloudFormation's `stack-logicalid-random`, but the same one on every start. */
function generatedName(stack: string, logicalId: string): string {
  const suffix = createHash("sha256").update(`${accountId}/${stack}/${logicalId}`).digest("hex").slice(0, 12);
  return `${stack}-${logicalId}`.toLowerCase().slice(0, 50).concat("-", suffix);
}
