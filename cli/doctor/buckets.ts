import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { s3 } from "../../lib/aws/s3-client.ts";
import { physicalIds } from "./deployed.ts";
import { type Check, type Finding, ok, problem, type Subject } from "./finding.ts";

/** The names of the stack's buckets are free, or its own: names of buckets are shared by all accounts. */
export const buckets: Check = {
  name: "buckets",
  run: (subject) => {
    const { stack, account } = subject;
    const names = [`${stack}-${account}`, `${stack}-state-${account}`];
    return Promise.all(names.map(async (name) => judge(name, await look(name, subject.account), subject)));
  },
};

type Seen = "free" | "ours" | "another region" | "another account";

async function look(Bucket: string, ExpectedBucketOwner: string): Promise<Seen> {
  try {
    await s3().send(new HeadBucketCommand({ Bucket, ExpectedBucketOwner }));
    return "ours";
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return "free";
    if (status === 403) return "another account";
    if (status === 301 || status === 400) return "another region";
    throw error;
  }
}

function judge(name: string, seen: Seen, { deployed, stack, region }: Subject): Finding {
  const own = deployed !== undefined && physicalIds(deployed, "AWS::S3::Bucket").includes(name);
  if (own && seen === "ours") return ok(`${name} is the stack's`);
  if (own && seen === "free") {
    return problem(
      `The stack's bucket ${name} is gone.`,
      "Remove the stack and deploy it again, then upload the site.",
    );
  }
  // A refusal of one's own bucket says nothing about the bucket.
  if (own) return ok(`${name} is the stack's; the credentials may not look into it`);
  if (seen === "free") return ok(`${name} is free`);
  const stage = "choose another stage with --stage: the stack's buckets are named after it";
  if (seen === "ours") {
    return problem(
      `The bucket ${name} is there already, and no stack ${stack} has it: an earlier one left it, for buckets ` +
        "are kept when a stack is removed.",
      `Empty and delete it (aws s3 rb --force s3://${name}; old versions as docs/aws.md says), or ${stage}.`,
    );
  }
  return problem(
    `The bucket name ${name} is taken in ${seen} (asked from ${region}), or the credentials may not see it.`,
    `${stage[0]?.toUpperCase()}${stage.slice(1)}.`,
  );
}
