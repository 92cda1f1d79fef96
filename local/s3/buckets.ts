import { AwsError } from "../service.ts";
import { sendXml } from "../wire/reply.ts";
import { xml } from "../wire/xml.ts";
import type { S3Call } from "./address.ts";
import { noSuchBucket } from "./errors.ts";
import { identity, s3Namespace } from "./objects.ts";

/** ListBuckets. */
export async function listBuckets({ response, store }: S3Call): Promise<void> {
  const buckets = store.listBuckets().map(({ name, created }) => ({
    Name: name,
    CreationDate: new Date(created).toISOString(),
  }));
  sendXml(response, xml("ListAllMyBucketsResult", { Owner: { ID: "local" }, Buckets: { Bucket: buckets } }));
}

/** CreateBucket: one's own bucket again is an error outside us-east-1, and so it is here. */
export async function createBucket({ request, response, store, bucket }: S3Call): Promise<void> {
  request.resume();
  if (store.hasBucket(bucket)) {
    const text = "Your previous request to create the named bucket succeeded and you already own it.";
    throw new AwsError("BucketAlreadyOwnedByYou", text, 409, { BucketName: bucket });
  }
  store.createBucket(bucket);
  response.writeHead(200, { location: `/${bucket}`, ...identity() }).end();
}

/** DeleteBucket. */
export async function deleteBucket({ response, store, bucket }: S3Call): Promise<void> {
  store.deleteBucket(bucket);
  response.writeHead(204, identity()).end();
}

/** HeadBucket. */
export async function headBucket({ response, store, bucket, caller }: S3Call): Promise<void> {
  if (!store.hasBucket(bucket)) throw noSuchBucket(bucket);
  response.writeHead(200, { "x-amz-bucket-region": caller.region, ...identity() }).end();
}

/** What the CLI and the SDKs ask about a bucket by a bare query parameter. */
export async function describeBucket(call: S3Call, subject: string): Promise<void> {
  const { response, store, bucket, caller } = call;
  if (!store.hasBucket(bucket)) throw noSuchBucket(bucket);
  const attributes = ` xmlns="${s3Namespace}"`;
  switch (subject) {
    case "location": {
      // us-east-1 is told by an empty element.
      const region = caller.region === "us-east-1" ? "" : caller.region;
      return sendXml(response, `<LocationConstraint${attributes}>${region}</LocationConstraint>`);
    }
    case "versioning":
      return sendXml(response, `<VersioningConfiguration${attributes}/>`);
    case "encryption": {
      const rule = {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
        BucketKeyEnabled: false,
      };
      return sendXml(response, xml("ServerSideEncryptionConfiguration", { Rule: rule }));
    }
    case "acl":
      return sendXml(response, xml("AccessControlPolicy", { Owner: { ID: "local" }, AccessControlList: {} }));
    case "tagging":
      throw new AwsError("NoSuchTagSet", "The TagSet does not exist", 404);
    case "lifecycle":
      throw new AwsError("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", 404);
    case "policy":
      throw new AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", 404);
    default:
      throw new AwsError(
        "NotImplemented",
        `The local cloud does not implement s3: GET ?${subject} of a bucket.`,
        501,
      );
  }
}

/** Query parameters that make a GET of a bucket something else than a listing. */
export const bucketSubjects =
  "location versioning encryption acl tagging lifecycle policy cors website logging notification replication ownershipControls publicAccessBlock policyStatus object-lock requestPayment accelerate".split(
    " ",
  );
