import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { selfSignedCertificate } from "../../lib/identity/certificate.ts";
import { build } from "./built.ts";
import { type PackedFixture, packFixture } from "./fixtures.ts";
import { ask, openTls, type RunningServer, readToEnd, startServer } from "./server.ts";

const large = randomBytes(5_000_000);
const files = {
  "index.html": "<h1>Welcome</h1>\n",
  "404.html": "<h1>Nothing here</h1>\n",
  "docs/index.html": "<h1>Documents</h1>\n",
  "style.css": "body { color: black }\n",
  "ümläut name.txt": "grüße\n",
  "empty.txt": "",
  "large.bin": large,
};

let directory: string;
let program: string;
let fixture: PackedFixture;
let server: RunningServer;
let trust: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "unikernel-linux-"));
  program = (await build()).server;
  const challenge = "https://answer.example";
  fixture = await packFixture({ directory, files, hsts: "max-age=300", challenge });
  trust = fixture.certificate;
  server = await startServer(program, fixture);
});

after(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  ask(server.https, path, { trust, headers, method });

const pageOf = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

test("tells what it serves when it listens", () => {
  assert.match(server.output(), /listening release=7 entries=12 in \d+ms/);
});

test("serves pages with their type, length, tag and safety headers", async () => {
  const page = await get("/");
  assert.equal(page.status, 200);
  assert.equal(page.body.toString(), files["index.html"]);
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
  assert.equal(page.headers["content-length"], String(files["index.html"].length));
  const digest = createHash("sha256").update(files["index.html"]).digest("hex").slice(0, 24);
  assert.equal(page.headers.etag, `"${digest}"`);
  assert.equal(page.headers["strict-transport-security"], "max-age=63072000");
  assert.equal(page.headers["x-content-type-options"], "nosniff");
  assert.ok(Math.abs(Date.parse(page.headers.date ?? "") - Date.now()) < 5_000);
});

test("serves every file of the site byte for byte", async () => {
  for (const [key, content] of Object.entries(files)) {
    const path = key.replace(/index\.html$/, "").replace(/\.html$/, "");
    const answer = await get(`/${encodeURIComponent(path).replaceAll("%2F", "/")}`);
    assert.equal(answer.status, 200, key);
    assert.ok(answer.body.equals(Buffer.from(content)), key);
  }
  assert.equal((await get("/docs/")).body.toString(), files["docs/index.html"]);
});

test("answers 304, HEAD, 404, redirects and 405", async () => {
  const { etag = "" } = (await get("/")).headers;
  const unchanged = await get("/", { "if-none-match": `"other", W/${etag}` });
  assert.deepEqual([unchanged.status, unchanged.body.length, unchanged.headers.etag], [304, 0, etag]);
  const head = await get("/large.bin", {}, "HEAD");
  assert.deepEqual([head.status, head.body.length], [200, 0]);
  assert.equal(head.headers["content-length"], String(large.length));
  const missing = await get("/docs/none");
  assert.deepEqual([missing.status, missing.body.toString()], [404, files["404.html"]]);
  const moved = await get("/docs?a=1");
  assert.deepEqual([moved.status, moved.headers.location], [301, "/docs/?a=1"]);
  const posted = await get("/", {}, "POST");
  assert.deepEqual([posted.status, posted.headers.allow], [405, "GET, HEAD, OPTIONS"]);
  assert.equal((await get("/%zz")).status, 400);
});

test("tells its release and archive", async () => {
  const status = await get("/.well-known/mirage-pages");
  assert.equal(status.headers["cache-control"], "no-store");
  assert.equal(status.body.toString(), `{"release":7,"archive":"${fixture.digest}"}\n`);
});

test("redirects from port 80, and refuses hostile hosts", async () => {
  const moved = await ask(server.http, "/a?b", { headers: { host: "example.org:8080" } });
  assert.deepEqual([moved.status, moved.headers.location], [301, "https://example.org/a?b"]);
  const posted = await ask(server.http, "/", { method: "POST", headers: { host: "example.org" } });
  assert.equal(posted.status, 308);
  const challenge = await ask(server.http, "/.well-known/acme-challenge/to-ken", {
    headers: { host: "x.org" },
  });
  assert.deepEqual(
    [challenge.status, challenge.headers.location],
    [302, "https://answer.example/.well-known/acme-challenge/to-ken"],
  );
  const socket = connectTcp(server.http, "127.0.0.1");
  socket.end("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
  assert.match(Buffer.concat(await socket.toArray()).toString(), /^HTTP\/1\.1 400 .*Connection: close\r\n/s);
});

test("answers pipelined requests in order on one connection", async () => {
  const socket = await openTls(server.https, trust);
  socket.write(pageOf("/") + pageOf("/style.css") + pageOf("/none") + pageOf("/", "Connection: close\r\n"));
  const text = await readToEnd(socket);
  assert.deepEqual(
    text.match(/HTTP\/1\.1 \d+/g),
    ["200", "200", "404", "200"].map((s) => `HTTP/1.1 ${s}`),
  );
  assert.ok(text.indexOf("color: black") < text.indexOf("Nothing here"));
});

test("keeps a connection alive between requests", async () => {
  const socket = await openTls(server.https, trust);
  for (let round = 0; round < 3; round += 1) {
    socket.write(pageOf("/"));
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200 OK.*Welcome/s);
    await sleep(100);
  }
  socket.destroy();
});

test("refuses requests with bodies, and what is no HTTP", async () => {
  const socket = await openTls(server.https, trust);
  socket.write(`${pageOf("/", "Content-Length: 100000\r\n")}${"x".repeat(100_000)}`);
  assert.match(await readToEnd(socket), /^HTTP\/1\.1 413 .*Connection: close\r\n/s);
  const other = await openTls(server.https, trust);
  other.write(`GET /${"a".repeat(9_000)}`);
  assert.match(await readToEnd(other), /^HTTP\/1\.1 414 /);
});

test("speaks TLS 1.2 and 1.3 and HTTP/1.1 by ALPN, and nothing older or other", async () => {
  const shake = (options: object) =>
    new Promise<string>((resolve) => {
      const options_ = {
        host: "127.0.0.1",
        port: server.https,
        ca: trust,
        servername: "localhost",
        ...options,
      };
      const socket = connectTls(options_, () => {
        resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`);
        socket.destroy();
      });
      socket.on("error", () => resolve("refused"));
    });
  assert.equal(await shake({ ALPNProtocols: ["h2", "http/1.1"] }), "TLSv1.3 http/1.1");
  assert.equal(await shake({ maxVersion: "TLSv1.2" }), "TLSv1.2 false");
  assert.equal(await shake({ ALPNProtocols: ["h2"] }), "refused");
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" };
  assert.equal(await shake(old), "refused");
});

test("goes on with a session of TLS 1.3, and gives none of TLS 1.2", async () => {
  const visit = async (options: object) => {
    const target = { host: "127.0.0.1", port: server.https, ca: trust, servername: "localhost" };
    const socket = connectTls({ ...target, ...options });
    const sessions: Buffer[] = [];
    socket.on("session", (session: Buffer) => sessions.push(session));
    await once(socket, "secureConnect");
    const seen = { goesOn: socket.isSessionReused(), ticket: socket.getTLSTicket() };
    socket.write(pageOf("/", "Connection: close\r\n"));
    assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 /);
    return { ...seen, session: sessions.at(-1) };
  };
  const { session, goesOn } = await visit({});
  assert.deepEqual([goesOn, (await visit({ session })).goesOn], [false, true]);
  const old = { maxVersion: "TLSv1.2" };
  const first = await visit(old);
  assert.equal(first.ticket, undefined);
  assert.equal((await visit({ ...old, session: first.session })).goesOn, false);
});

test("survives aborted handshakes, resets and garbage", async () => {
  const abuse = async (index: number) => {
    const socket = connectTcp(server.https, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    if (index % 3 === 0) socket.write(randomBytes(300));
    if (index % 3 === 1) socket.write(Buffer.from("160301020001", "hex"));
    socket.resetAndDestroy();
  };
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => abuse(index)));
  }
  for (let round = 0; round < 20; round += 1) {
    const socket = await openTls(server.https, trust);
    socket.on("error", () => undefined);
    socket.write(pageOf("/large.bin"));
    await once(socket, "data");
    socket.destroy();
  }
  assert.equal((await get("/")).status, 200);
  assert.equal(server.process.exitCode, null);
});

test("sends 5 MB to 200 clients at once in little memory", async () => {
  const other = await startServer(program, fixture, ["--per-address", "200"]);
  try {
    const digest = createHash("sha256").update(large).digest("hex");
    const download = async () => {
      const { body } = await ask(other.https, "/large.bin", { trust, patience: 30_000 });
      return createHash("sha256").update(body).digest("hex");
    };
    const digests = await Promise.all(Array.from({ length: 200 }, download));
    assert.ok(digests.every((one) => one === digest));
    const peak = await other.peakMemory();
    assert.ok(peak < 64 * 1024 * 1024, `${peak} bytes`);
  } finally {
    await other.stop();
  }
});

test("holds 800 idle connections in little memory and still answers", async () => {
  const other = await startServer(program, fixture, ["--connections", "1000", "--per-address", "1000"]);
  const sockets = await Promise.all(Array.from({ length: 800 }, () => openTls(other.https, trust)));
  try {
    const peak = await other.peakMemory();
    assert.ok(peak < 64 * 1024 * 1024, `${peak} bytes`);
    assert.equal((await ask(other.https, "/", { trust })).status, 200);
  } finally {
    for (const socket of sockets) socket.destroy();
    await other.stop();
  }
});

test("makes connections wait beyond the limit, and serves them when others end", async () => {
  const other = await startServer(program, fixture, ["--connections", "4", "--per-address", "20"]);
  try {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(other.https, "/", { trust })));
    assert.ok(answers.every(({ status }) => status === 200));
  } finally {
    await other.stop();
  }
});

test("refuses an address that has its share of connections, and no other one", async () => {
  const other = await startServer(program, fixture, ["--connections", "40", "--per-address", "4"]);
  const held: TLSSocket[] = [];
  try {
    for (let i = 0; i < 4; i += 1) held.push(await openTls(other.https, trust));
    await assert.rejects(openTls(other.https, trust));
    const neighbour = await openTls(other.https, trust, "127.0.0.2");
    neighbour.write(pageOf("/", "Connection: close\r\n"));
    assert.match(await readToEnd(neighbour), /^HTTP\/1\.1 200 /);
    held.pop()?.destroy();
    const again = async () => (await ask(other.https, "/", { trust })).status;
    assert.equal(await again().catch(() => sleep(500).then(again)), 200);
  } finally {
    for (const socket of held) socket.destroy();
    await other.stop();
  }
});

test("connections that do nothing make room for others", async () => {
  const other = await startServer(program, fixture, ["--connections", "50", "--per-address", "50"]);
  const slow: Socket[] = [];
  try {
    for (let i = 0; i < 200; i += 1) {
      const socket = connectTcp({ host: "127.0.0.1", port: other.https, localAddress: "127.0.0.3" });
      socket.on("error", () => undefined);
      slow.push(socket);
    }
    await sleep(2_500);
    const socket = await openTls(other.https, trust, "127.0.0.2");
    socket.write(pageOf("/", "Connection: close\r\n"));
    assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 /);
  } finally {
    for (const socket of slow) socket.destroy();
    await other.stop();
  }
});

test("ends a connection after a thousand requests", async () => {
  const socket = await openTls(server.https, trust);
  socket.write(pageOf("/style.css").repeat(1_100));
  const text = await readToEnd(socket);
  assert.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 1_000);
  assert.equal(text.match(/Connection: close/g)?.length, 1);
});

test("tells on the console of a certificate that is not valid by the machine's clock, and serves all the same", async () => {
  const startFrom = async (notBefore: Date, days: number) => {
    const folder = await mkdtemp(join(directory, "clock-"));
    const certificate = await selfSignedCertificate({ names: ["localhost"], notBefore, days });
    const dated = await packFixture({ directory: folder, files: { "index.html": "x" }, certificate });
    const other = await startServer(program, dated);
    const socket = connectTls({ host: "127.0.0.1", port: other.https, rejectUnauthorized: false });
    socket.write(pageOf("/", "Connection: close\r\n"));
    const answer = await readToEnd(socket).finally(() => other.stop());
    assert.match(answer, /^HTTP\/1\.1 200 /);
    return other.output();
  };
  const day = 86_400_000;
  assert.match(
    await startFrom(new Date(Date.now() - 3 * day), 2),
    /the certificate is no longer valid since .* GMT, by this machine's clock, which says .* GMT\n/,
  );
  assert.match(await startFrom(new Date(Date.now() + day), 2), /the certificate is valid only from .* GMT/);
  assert.doesNotMatch(server.output(), /certificate/);
});

test("finishes a response when it is told to stop", async () => {
  const other = await startServer(program, fixture);
  const socket = await openTls(other.https, trust);
  socket.write(pageOf("/large.bin"));
  const [first] = (await once(socket, "data")) as [Buffer];
  const stopped = other.stop();
  const rest = await readToEnd(socket);
  assert.ok(first.length + rest.length > large.length);
  await stopped;
  assert.equal(other.process.exitCode, 0);
});

test("stops at once when nobody takes a response", async () => {
  const other = await startServer(program, fixture);
  const silent = await openTls(other.https, trust);
  silent.on("error", () => undefined);
  const asking = await openTls(other.https, trust);
  asking.on("error", () => undefined);
  asking.write("GET / HTTP/1.1\r\nHost: ");
  await sleep(100);
  const from = Date.now();
  await other.stop();
  assert.equal(other.process.exitCode, 0);
  assert.ok(Date.now() - from < 3_000, `${Date.now() - from} ms`);
});

test("refuses to start on what it cannot serve, and says why", async () => {
  const run = async (identity: Buffer, archive: Buffer) => {
    const paths = [join(directory, "bad-identity"), join(directory, "bad-site")] as const;
    await writeFile(paths[0], identity);
    await writeFile(paths[1], archive);
    const options = ["--identity", paths[0], "--site", paths[1], "--http", "1", "--https", "1"];
    const { status, stdout } = spawnSync(program, [...options, "--address", "127.0.0.1"], { timeout: 5_000 });
    return `${status} ${stdout}`;
  };
  const { identity, archive } = fixture;
  assert.match(await run(Buffer.alloc(4_096), archive), /^1 mirage-pages: identity: .*found/);
  assert.match(
    await run(identity, archive.subarray(0, 10_000)),
    /^1 mirage-pages: site archive: .*device has only/,
  );
  const broken = Buffer.from(archive);
  broken.write("x", 512);
  assert.match(await run(identity, broken), /^1 mirage-pages: site archive: index: /);
  const key = identity.indexOf("-----BEGIN PRIVATE KEY-----") + 40;
  const badKey = Buffer.from(identity);
  badKey.write("????", key);
  assert.match(await run(badKey, archive), /^1 mirage-pages: identity: key\.pem is not the private key/);
});
