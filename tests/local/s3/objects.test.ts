import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { closeAfter, testCloud } from "../support.ts";

const stack = { resources: { Bucket: { Type: "AWS::S3::Bucket", Properties: { BucketName: "content" } } } };
const Bucket = "content";

const strangeKeys = [
  "../outside",
  "a/../b",
  "..",
  ".",
  "a//b",
  "//",
  "/leading",
  "trailing/",
  "back\\slash",
  "trailing space ",
  " leading space",
  "plus+and%25percent",
  "question?mark=1&x",
  "hash#tag",
  "tab\tnew\nline\rreturn",
  "bell\u0007",
  "umlaut ä",
  "emoji 😀",
  "private \ue000",
  "<xml>&'\"",
];

test("keys of any bytes come back as they went", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  for (const Key of strangeKeys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}` }));
  for (const Key of strangeKeys) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    assert.equal(await Body?.transformToString(), `body of ${Key}`);
  }
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: "url" }));
  const listed = Contents.map(({ Key = "" }) => decodeURIComponent(Key));
  const byBytes = [...strangeKeys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(listed, byBytes);
  const Objects = strangeKeys.map((Key) => ({ Key }));
  const { Deleted = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.equal(Deleted.length, strangeKeys.length);
  const after = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.equal(after.KeyCount, 0);
});

test("listings page, group and start in byte order", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  const keys = ["B", "a/1", "a/2", "a/3", "b", "c/1", "d"];
  for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  const seen: string[] = [];
  const pages = paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket });
  for await (const page of pages) seen.push(...(page.Contents ?? []).map(({ Key = "" }) => Key));
  assert.deepEqual(seen, keys);
  const grouped: string[] = [];
  const groups = paginateListObjectsV2({ client: s3, pageSize: 1 }, { Bucket, Delimiter: "/" });
  for await (const page of groups) {
    grouped.push(...(page.Contents ?? []).map(({ Key = "" }) => Key));
    grouped.push(...(page.CommonPrefixes ?? []).map(({ Prefix = "" }) => Prefix));
  }
  assert.deepEqual(grouped, ["B", "a/", "b", "c/", "d"]);
  const started = await s3.send(new ListObjectsV2Command({ Bucket, StartAfter: "a/2", Prefix: "a/" }));
  assert.deepEqual(
    started.Contents?.map(({ Key }) => Key),
    ["a/3"],
  );
});

test("each object has the one version of an unversioned bucket, by which it is deleted", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  for (const Key of ["a&b", "c"]) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  const { Versions = [], IsTruncated } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  assert.equal(IsTruncated, false);
  assert.deepEqual(
    Versions.map(({ Key, VersionId, IsLatest, Size }) => ({ Key, VersionId, IsLatest, Size })),
    [
      { Key: "a&b", VersionId: "null", IsLatest: true, Size: 3 },
      { Key: "c", VersionId: "null", IsLatest: true, Size: 1 },
    ],
  );
  const Objects = Versions.map(({ Key, VersionId = "" }) => ({ Key, VersionId }));
  await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.equal((await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions, undefined);
});

test("ranges, headers, ETags and copies", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  const Body = randomBytes(1_000_000);
  const md5 = createHash("md5").update(Body).digest("hex");
  const put = {
    Bucket,
    Key: "data",
    Body,
    ContentType: "image/png",
    CacheControl: "no-cache",
    Metadata: { a: "b" },
  };
  const { ETag } = await s3.send(new PutObjectCommand(put));
  assert.equal(ETag, `"${md5}"`);
  const range = async (Range: string): Promise<Buffer> => {
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key: "data", Range }));
    return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
  };
  assert.deepEqual(await range("bytes=10-19"), Body.subarray(10, 20));
  assert.deepEqual(await range("bytes=999990-"), Body.subarray(999_990));
  assert.deepEqual(await range("bytes=-5"), Body.subarray(-5));
  assert.deepEqual(await range("bytes=999999-5000000"), Body.subarray(999_999));
  await assert.rejects(range("bytes=1000000-"), { name: "InvalidRange" });
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "data" }));
  assert.equal(head.ContentLength, Body.length);
  assert.equal(head.ContentType, "image/png");
  assert.equal(head.CacheControl, "no-cache");
  assert.deepEqual(head.Metadata, { a: "b" });
  await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/data` }));
  await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "data" }] } }));
  const copy = await s3.send(new GetObjectCommand({ Bucket, Key: "copy" }));
  assert.equal(copy.ETag, ETag);
  assert.deepEqual(Buffer.from((await copy.Body?.transformToByteArray()) ?? []), Body);
  await s3.send(new PutObjectCommand({ Bucket, Key: "empty", Body: new Uint8Array() }));
  const empty = await s3.send(new GetObjectCommand({ Bucket, Key: "empty" }));
  assert.equal(await empty.Body?.transformToString(), "");
});

test("parts are copied out of objects: any range, of just the version that is named, also when the source goes", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  const [Key, size] = ["copied", 12 * 1024 * 1024];
  const Body = randomBytes(size);
  const params = { Bucket, Key: "source", Body };
  const { ETag } = await new Upload({ client: s3, params, partSize: 5 * 1024 * 1024 }).done();
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const copy = (PartNumber: number, from: number, to: number, CopySourceIfMatch = ETag) => {
    const CopySourceRange = `bytes=${from}-${to}`;
    const source = { CopySource: `${Bucket}/source`, CopySourceRange, CopySourceIfMatch };
    return s3.send(new UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber, ...source }));
  };
  await assert.rejects(copy(1, 0, 9, '"another"'), { name: "PreconditionFailed" });
  await assert.rejects(copy(1, 0, size), { name: "InvalidArgument" });
  // Of the first part most, of the second all, of the third a little.
  const first = await copy(1, 1_000_003, size - 1_000_000);
  const last = await copy(2, 7, 9);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "source" }));
  const Parts = [first, last].map((part, i) => ({ PartNumber: i + 1, ETag: part.CopyPartResult?.ETag }));
  await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  const whole = await s3.send(new GetObjectCommand({ Bucket, Key }));
  const expected = Buffer.concat([Body.subarray(1_000_003, size - 999_999), Body.subarray(7, 10)]);
  assert.ok(expected.equals((await whole.Body?.transformToByteArray()) ?? Buffer.alloc(0)));
  const second = await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 2 }));
  assert.deepEqual([second.ContentLength, second.PartsCount], [3, 2]);
});

test("multipart uploads are listed while open and become one object", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  const Key = "big/../file";
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 3, Body: "three" }));
  const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  assert.deepEqual(
    Uploads?.map((one) => [one.Key, one.UploadId]),
    [[Key, UploadId]],
  );
  const { Parts } = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }));
  assert.deepEqual(
    Parts?.map((part) => [part.PartNumber, part.Size]),
    [[3, 5]],
  );
  const Body = randomBytes(12 * 1024 * 1024 + 7);
  await new Upload({ client: s3, params: { Bucket, Key: "whole", Body }, partSize: 5 * 1024 * 1024 }).done();
  const whole = await s3.send(new GetObjectCommand({ Bucket, Key: "whole" }));
  assert.match(whole.ETag ?? "", /-3"$/);
  assert.deepEqual(Buffer.from((await whole.Body?.transformToByteArray()) ?? []), Body);
  const start = 5 * 1024 * 1024 - 2;
  const across = await s3.send(
    new GetObjectCommand({ Bucket, Key: "whole", Range: `bytes=${start}-${start + 3}` }),
  );
  const bytes = Buffer.from((await across.Body?.transformToByteArray()) ?? []);
  assert.deepEqual(bytes, Body.subarray(start, start + 4));
});

test("who may not list a bucket is told 403 of a missing key", async (t) => {
  const { cloud, config } = await testCloud(t, stack);
  const role = cloud.iam.addRole("reader");
  const Resource = `arn:aws:s3:::${Bucket}/*`;
  role.policies.set("all", { Statement: { Effect: "Allow", Action: "s3:*", Resource } });
  const s3 = new S3Client({ ...config, credentials: { ...role.key } });
  closeAfter(t, s3);
  await s3.send(new PutObjectCommand({ Bucket, Key: "there", Body: "x" }));
  await s3.send(new HeadObjectCommand({ Bucket, Key: "there" }));
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "missing" })), { name: "AccessDenied" });
});
