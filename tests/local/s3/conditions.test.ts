import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { closeAfter, testCloud } from "../support.ts";

const stack = { resources: { Bucket: { Type: "AWS::S3::Bucket", Properties: { BucketName: "state" } } } };
const Bucket = "state";

test("of many writers with If-None-Match exactly one wins", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  const attempts = Array.from({ length: 20 }, (_, index) =>
    s3.send(new PutObjectCommand({ Bucket, Key: "lock", Body: `owner ${index}`, IfNoneMatch: "*" })),
  );
  const results = await Promise.allSettled(attempts);
  const winners = results.flatMap((result, index) => (result.status === "fulfilled" ? [index] : []));
  assert.equal(winners.length, 1);
  for (const result of results) {
    if (result.status === "rejected") assert.equal(result.reason.name, "PreconditionFailed");
  }
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "lock" }));
  assert.equal(await Body?.transformToString(), `owner ${winners[0]}`);
});

test("of many writers with If-Match on one ETag exactly one wins", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: "lock", Body: "first" }));
  const attempts = Array.from({ length: 20 }, (_, index) =>
    s3.send(new PutObjectCommand({ Bucket, Key: "lock", Body: `owner ${index}`, IfMatch: ETag })),
  );
  const results = await Promise.allSettled(attempts);
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
});

test("conditions on what is missing or has changed", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  const IfMatch = '"00000000000000000000000000000000"';
  const put = new PutObjectCommand({ Bucket, Key: "missing", Body: "x", IfMatch });
  await assert.rejects(s3.send(put), { name: "NoSuchKey" });
  await s3.send(new PutObjectCommand({ Bucket, Key: "there", Body: "x" }));
  const remove = new DeleteObjectCommand({ Bucket, Key: "there", IfMatch });
  await assert.rejects(s3.send(remove), { name: "PreconditionFailed" });
  const read = new GetObjectCommand({ Bucket, Key: "there", IfMatch });
  await assert.rejects(s3.send(read), { name: "PreconditionFailed" });
  const { ETag } = await s3.send(new GetObjectCommand({ Bucket, Key: "there" }));
  const unchanged = new GetObjectCommand({ Bucket, Key: "there", IfNoneMatch: ETag });
  await assert.rejects(s3.send(unchanged), (error: { $metadata: { httpStatusCode: number } }) => {
    return error.$metadata.httpStatusCode === 304;
  });
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "there", IfMatch: ETag }));
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "there" })), { name: "NoSuchKey" });
});

test("CompleteMultipartUpload heeds If-None-Match and keeps the upload open when refused", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  const Key = "archive";
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const { ETag } = await s3.send(
    new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: "part" }),
  );
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: "earlier" }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  const upload = { Bucket, Key, UploadId, MultipartUpload };
  const refused = s3.send(new CompleteMultipartUploadCommand({ ...upload, IfNoneMatch: "*" }));
  await assert.rejects(refused, { name: "PreconditionFailed" });
  const completed = await s3.send(new CompleteMultipartUploadCommand(upload));
  assert.match(completed.ETag ?? "", /^"[0-9a-f]{32}-1"$/);
});
