import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fetchReport, NoReport } from "../../lib/access-log/report.ts";
import { describeCertificate } from "../../lib/identity/certificate.ts";
import { build } from "./built.ts";
import { type PackedFixture, packFixture } from "./fixtures.ts";
import { type Answer, ask, openTls, type RunningServer, readToEnd, startServer } from "./server.ts";

const secret = "0123456789abcdef".repeat(4);
const path = "/.well-known/mirage-pages/access-log";

let directory: string;
let server: RunningServer;
let trust: string;
let fixture: PackedFixture;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "unikernel-visitors-"));
  const files = { "index.html": "<h1>Welcome</h1>\n" };
  fixture = await packFixture({ directory, files, accessLog: { addresses: "truncated", secret } });
  trust = fixture.certificate;
  server = await startServer((await build()).server, fixture);
});

after(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}) =>
  ask(server.https, path, { trust, headers });
const collect = (query = "") => get(`${path}${query}`, { authorization: `Bearer ${secret}` });

function read({ status, body }: Answer) {
  assert.equal(status, 200);
  const [summary = "", ...lines] = body.toString().trimEnd().split("\n");
  return { ...JSON.parse(summary), lines };
}

test("logs what is asked for on both ports, and gives it to who knows the secret", async () => {
  const { boot, newest } = read(await collect());
  assert.equal(newest, 0);
  const page = await get("/?a=b", { referer: "https://other.example/", "user-agent": 'a "browser"' });
  await get("/", { "if-none-match": page.headers.etag ?? "" });
  await ask(server.http, "/nowhere");
  const socket = await openTls(server.https, trust);
  socket.write("nonsense\r\n\r\n");
  await readToEnd(socket);
  const wrong = await get(path, { authorization: `Bearer ${secret.replace("0", "1")}` });
  assert.deepEqual([wrong.status, wrong.body], [404, (await get("/nowhere")).body]);
  const log = read(await collect());
  const at = "[then]";
  const lines = log.lines.map((line: string) => line.replace(/\[[^\]]+\]/, at));
  assert.deepEqual(lines, [
    `127.0.0.0 - - ${at} "GET /?a=b HTTP/1.1" 200 17 "https://other.example/" "a \\"browser\\""`,
    `127.0.0.0 - - ${at} "GET / HTTP/1.1" 304 - "-" "-"`,
    `127.0.0.0 - - ${at} "GET /nowhere HTTP/1.1" 301 ${log.lines[2].split(" ")[9]} "-" "-"`,
    `127.0.0.0 - - ${at} "-" 400 ${log.lines[3].split(" ")[7]} "-" "-"`,
    `127.0.0.0 - - ${at} "GET ${path} HTTP/1.1" 404 28 "-" "-"`,
    `127.0.0.0 - - ${at} "GET /nowhere HTTP/1.1" 404 28 "-" "-"`,
  ]);
  assert.match(log.lines[0], /\[\d\d\/[A-Z][a-z]{2}\/20\d\d:\d\d:\d\d:\d\d \+0000\]/);
  assert.deepEqual(log.responses, { "2xx": 1, "3xx": 2, "4xx": 3, "5xx": 0 });
  assert.deepEqual([log.first, log.last, log.newest, log.requests, log.notModified], [1, 6, 6, 6, 1]);
  assert.deepEqual(read(await collect(`?after=${boot}-4`)).lines, log.lines.slice(4));
  assert.equal(read(await collect()).first, 5, "what was kept is gone");
});

test("gives it to the function that collects, which shows the secret to no other machine", async (t) => {
  const address = `127.${randomInt(100, 250)}.${randomInt(1, 250)}.1`;
  const options = ["--address", address, "--https", "443", "--http", "80"];
  const other = await startServer((await build()).server, fixture, options);
  t.after(() => other.stop());
  const { fingerprint } = await describeCertificate(trust);
  const asked = { address, fingerprint, name: "localhost", secret, kept: undefined, limitMs: 5_000 };
  assert.deepEqual((await fetchReport(asked)).lines, []);
  const wrong = { ...asked, secret: "0".repeat(64) };
  await assert.rejects(fetchReport(wrong), new NoReport("The machine keeps no log (status 404)."));
  const { boot, lines } = await fetchReport(asked);
  assert.match(lines[0] ?? "", /"GET \/\.well-known\/mirage-pages\/access-log HTTP\/1\.1" 404/);
  const stranger = { ...asked, fingerprint: "0".repeat(64) };
  await assert.rejects(fetchReport(stranger), /instead of 0{64}: it is not told the secret/);
  assert.deepEqual((await fetchReport({ ...asked, kept: { boot, last: 1 } })).lines, []);
});

test("counts connections and failed handshakes", async () => {
  const earlier = read(await collect());
  const socket = connectTcp(server.https, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\n\r\n");
  socket.resume();
  await once(socket, "close");
  const gone = connectTcp(server.https, "127.0.0.1");
  await once(gone, "connect");
  gone.destroy();
  await once(gone, "close");
  const later = read(await collect());
  assert.equal(later.handshakeFailures - earlier.handshakeFailures, 2);
  assert.equal(later.connections - earlier.connections, 3, "with the one that asks");
});

test("loses the oldest lines, and no memory, when nobody collects them", async () => {
  const socket = await openTls(server.https, trust);
  const agent = "a".repeat(512);
  const requests = `GET /${"p".repeat(2000)} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ${agent}\r\n\r\n`;
  let pending = "";
  let answers = 0;
  socket.setEncoding("latin1").on("data", (text: string) => {
    pending += text;
    answers += pending.split("HTTP/1.1 404").length - 1;
    pending = pending.slice(-11);
  });
  socket.write(requests.repeat(900));
  while (answers < 900) await once(socket, "data");
  socket.destroy();
  const before = await server.peakMemory();
  for (let i = 0; i < 6; i++) {
    const more = await openTls(server.https, trust);
    more.write(requests.repeat(900));
    more.end(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    await readToEnd(more);
  }
  const log = read(await collect());
  assert.ok(log.first > 1_000, `${log.first}`);
  assert.ok(log.newest > log.last, "more than one answer holds");
  assert.ok((await server.peakMemory()) - before < 32 * 1024 * 1024);
});
