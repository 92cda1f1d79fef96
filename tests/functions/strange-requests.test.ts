import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { PutObjectAclCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { answerKey } from "../../lib/acme/answers.ts";
import { TestStack } from "../kit/stack.ts";
import { ByHand, eventually, settingOf } from "./by-hand.ts";

const TOKEN = "abc_DEF-123";
const PATH = `/.well-known/acme-challenge/${TOKEN}`;

/**
 * What anybody can send to the stack: requests to the URL of answer-challenge and to the content bucket, and events
 * about the bucket as nobody expects them. A deployment by hand has the turn all the time, so that nobody is started.
 */
describe("strange requests", { timeout: 200_000 }, () => {
  let stack: TestStack;
  let s3: S3Client;
  let url: URL;

  before(async () => {
    // Whoever calls here is nobody's role: it says nothing of what the functions need.
    stack = await TestStack.start({ recorded: false });
    s3 = new S3Client(stack.sdk);
    url = new URL(settingOf(stack, "start-import", "CHALLENGE_URL"));
    await stack.put(stack.state, answerKey(TOKEN), "the answer");
    await ByHand.begin(stack);
  });
  after(async () => {
    s3?.destroy();
    await stack?.stop();
  });

  const ask = async (method: string, path: string, options: { headers?: object; body?: Buffer } = {}) => {
    const { hostname, port } = url;
    const length = options.body && { "content-length": options.body.length };
    const call = request({
      hostname,
      port,
      method,
      path,
      headers: { ...length, ...options.headers },
      timeout: 20_000,
    });
    call.end(options.body);
    const [answer] = await once(call, "response");
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return { status: Number(answer.statusCode), body: Buffer.concat(chunks).toString() };
  };

  it("the challenge URL answers a token's GET and HEAD, whatever comes with them", async () => {
    const answered = { status: 200, body: "the answer" };
    assert.deepEqual(await ask("GET", PATH), answered);
    assert.deepEqual(await ask("GET", `${PATH}?a=b&a=%00`), answered);
    assert.deepEqual(await ask("HEAD", PATH), { status: 200, body: "" });
    const headers = {
      host: "elsewhere.example",
      cookie: "a=b",
      "x-forwarded-for": "1.2.3.4",
      range: "bytes=0-1",
    };
    assert.deepEqual(await ask("GET", PATH, { headers, body: Buffer.alloc(100_000) }), answered);
  });

  it("the challenge URL refuses every other method", async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE"])
      assert.deepEqual(
        await ask(method, PATH, { body: Buffer.from("{}") }),
        { status: 405, body: "Only GET is answered here.\n" },
        method,
      );
  });

  it("the challenge URL knows no other path, however it is written", async () => {
    const paths = [
      ...["/", "/index.html", "//", "/.well-known/acme-challenge/", "/.well-known/acme-challenge"],
      ...[
        `${PATH}/`,
        `${PATH}%00`,
        `${PATH}.html`,
        `/x${PATH}`,
        PATH.toUpperCase(),
        `/.well-known//acme-challenge/${TOKEN}`,
      ],
      ...["/.well-known/acme-challenge/../../live.json", "/.well-known/acme-challenge/..%2f..%2flive.json"],
      ...["/.well-known/acme-challenge/acme%2F..%2Fkeys", `/.well-known/acme-challenge/${"a".repeat(129)}`],
      `/.well-known/acme-challenge/${"a".repeat(10_000)}`,
    ];
    for (const path of paths) {
      const { status, body } = await ask("GET", path);
      assert.deepEqual([status, body], [404, "There is no such challenge.\n"], path.slice(0, 80));
    }
    const anything = fc
      .string({ unit: "binary", maxLength: 60 })
      .map((text) => encodeURIComponent(text.toWellFormed()));
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        fc.pre(text !== TOKEN);
        assert.equal((await ask("GET", `/.well-known/acme-challenge/${text}`)).status, 404);
      }),
      { numRuns: 40 },
    );
  });

  it("huge heads and bodies, and what is no HTTP, get no answer of the function", async () => {
    const huge = { headers: { "x-huge": "a".repeat(40_000) } };
    assert.equal((await ask("GET", PATH, huge)).status, 431);
    const body = Buffer.alloc(6 * 1024 * 1024 + 1);
    const refused = await ask("GET", PATH, { body }).catch(() => undefined);
    assert.ok(refused === undefined || refused.status >= 400, `${refused?.status}`);
    const socket = connect(Number(url.port), url.hostname);
    socket.write("\x16\x03\x01 this is no HTTP\r\n\r\n");
    const [answer] = await once(socket, "data");
    assert.match(String(answer), /^HTTP\/1\.1 400 /);
    assert.deepEqual(await ask("GET", PATH), { status: 200, body: "the answer" });
  });

  it("the buckets answer nobody without a signature", async () => {
    await stack.put(stack.content, "index.html", "<h1>one</h1>");
    for (const bucket of [stack.content, stack.state])
      for (const key of [
        "",
        "/index.html",
        "/live.json",
        "?list-type=2",
        "?acl",
        "?policy",
        "?uploads",
        "?versions",
      ])
        for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]) {
          const body = method === "PUT" || method === "POST" ? "x" : null;
          const { status } = await fetch(`${stack.sdk.endpoint}/${bucket}${key}`, { method, body });
          assert.ok(status === 403, `${method} ${key} is answered with ${status}`);
        }
    assert.deepEqual(await stack.keys(stack.content), ["index.html"]);
  });

  it("the content bucket gives nobody rights by ACLs, be it the owner who asks", async () => {
    const Bucket = stack.content;
    const refused = { name: "AccessControlListNotSupported" };
    const open = { Bucket, Key: "open.html", Body: "x", ACL: "public-read" } as const;
    await assert.rejects(s3.send(new PutObjectCommand(open)), refused);
    const granted = {
      Bucket,
      Key: "open.html",
      Body: "x",
      GrantRead: 'uri="http://acs.amazonaws.com/groups/global/AllUsers"',
    };
    await assert.rejects(s3.send(new PutObjectCommand(granted)), refused);
    await assert.rejects(
      s3.send(new PutObjectAclCommand({ Bucket, Key: "index.html", ACL: "public-read" })),
      refused,
    );
    assert.deepEqual(await stack.keys(Bucket), ["index.html"]);
    await s3.send(new PutObjectCommand({ ...open, ACL: "bucket-owner-full-control", Key: "index.html" }));
  });

  it("content-changed asks for one deployment, whatever an event says of the bucket", async () => {
    const event = fc.record({
      body: fc.oneof(
        fc.string({ unit: "binary" }),
        fc.json(),
        fc
          .record({ key: fc.string({ unit: "binary" }), etag: fc.string(), size: fc.double() })
          .map((object) => JSON.stringify({ "detail-type": "Object Created", detail: { object } })),
      ),
    });
    const batches = fc.array(event, { minLength: 1, maxLength: 10 }).chain((some) =>
      // Again and in another order, as queues deliver.
      fc.shuffledSubarray([...some, ...some].slice(0, 10), { minLength: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(batches, async (Records) => {
        await stack.delete(stack.state, "requests/content.json");
        assert.equal(await stack.invoke("content-changed", { Records }), null);
        assert.deepEqual(await stack.keys(stack.state, "requests/"), ["requests/content.json"]);
      }),
      { numRuns: 30 },
    );
  });

  it("keys of any characters, and messages that are no events, end in one request and no dead letters", async () => {
    await stack.delete(stack.state, "requests/content.json");
    const keys = ["ü ñ/é+e\u0301.html", "50%/%2e%2e/a&b=c#d?e.html", "<x>'\"\\.html", "一/😀.html", " ", "~"];
    await Promise.all([...keys, ...keys].map((key) => stack.put(stack.content, key, "x")));
    await eventually("the uploads are noticed", () => stack.read("requests/content.json"));
    const sqs = new SQSClient(stack.sdk);
    for (const MessageBody of ["no JSON", "null", '{"detail":null}', '{"detail":{"object":{"key":7}}}']) {
      const QueueUrl = `${stack.sdk.endpoint}/000000000000/mirage-pages-prod-content`;
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    }
    sqs.destroy();
    assert.deepEqual(await stack.keys(stack.state, "requests/"), ["requests/content.json"]);
  });
});
