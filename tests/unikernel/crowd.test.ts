import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "./built.ts";
import { type PackedFixture, packFixture } from "./fixtures.ts";
import { openTls, type RunningServer, readToEnd, startServer } from "./server.ts";

/** Many clients that mean no good, from several addresses, beside one that only wants a page. */
const MiB = 1024 * 1024;
const large = randomBytes(2 * MiB);

let directory: string;
let program: string;
let fixture: PackedFixture;
let server: RunningServer | undefined;
let crowd: Socket[] = [];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "unikernel-crowd-"));
  program = (await build()).server;
  fixture = await packFixture({
    directory,
    files: { "index.html": "<h1>Welcome</h1>\n", "large.bin": large },
  });
});

after(async () => {
  // Where a test has passed its limit, nobody else ends these.
  for (const socket of crowd) socket.destroy();
  server?.process.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

/** Runs `act` beside a server with these limits, which must live through it. */
async function beside(
  options: readonly string[],
  act: (server: RunningServer) => Promise<void>,
): Promise<void> {
  crowd = [];
  server = await startServer(program, fixture, options);
  try {
    await act(server);
    assert.equal(server.process.exitCode, null, server.output());
  } finally {
    for (const socket of crowd) socket.destroy();
    await server.stop();
  }
}

const address = (n: number) => `127.0.1.${1 + (n % 200)}`;
const page = (path = "/", more = "") => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

/** A connection of the crowd, from the address with this number; what becomes of it is its own affair. */
function tcp(n: number): Socket {
  const socket = connectTcp({ host: "127.0.0.1", port: server?.https ?? 0, localAddress: address(n) });
  socket.on("error", () => undefined);
  crowd.push(socket);
  return socket;
}

async function tls(n: number) {
  const socket = await openTls(server?.https ?? 0, fixture.certificate, address(n));
  socket.on("error", () => undefined);
  crowd.push(socket);
  return socket;
}

/** Milliseconds until somebody from an address of his own has the page. Rejects when it takes too long. */
async function visit(limitMs: number): Promise<number> {
  const start = Date.now();
  const answer = openTls(server?.https ?? 0, fixture.certificate, "127.0.0.9").then((socket) => {
    socket.write(page("/", "Connection: close\r\n"));
    return readToEnd(socket);
  });
  const limit = sleep(limitMs).then(() => Promise.reject(new Error(`No page after ${limitMs} ms.`)));
  assert.match(await Promise.race([answer, limit]), /^HTTP\/1\.1 200 OK.*Welcome/s);
  return Date.now() - start;
}

test("10,000 connections that do nothing do not keep a visitor out, nor take memory", {
  timeout: 120_000,
}, async (t) => {
  const files = /^Max open files\s+\d+\s+(\d+)/m.exec(await readFile("/proc/self/limits", "utf8"))?.[1];
  if (Number(files) < 11_000) return t.skip(`This machine allows ${files} open files; 11,000 are needed.`);
  await beside(["--connections", "3000", "--per-address", "300"], async (server) => {
    const hello = Buffer.from("16030102000100", "hex");
    for (let n = 0; n < 10_000; n += 500) {
      // One in twenty has a whole TLS connection; of the others every second has begun a handshake.
      const shaken = Array.from({ length: 25 }, (_, i) => tls(n + i).catch(() => undefined));
      for (let i = 25; i < 500; i += 1) {
        const socket = tcp(n + i);
        if (i % 2 === 0) socket.write(hello);
      }
      await Promise.all(shaken);
    }
    const waits: number[] = [];
    for (let i = 0; i < 5; i += 1) waits.push(await visit(20_000));
    t.diagnostic(`a page took ${waits.join(", ")} ms; ${Math.round((await server.peakMemory()) / MiB)} MiB`);
    assert.ok((await server.peakMemory()) < 24 * MiB + 3_000 * 65_536, `${await server.peakMemory()} bytes`);
  });
});

test("clients that take their responses drop by drop make room for a visitor", {
  timeout: 60_000,
}, async (t) => {
  await beside(["--connections", "60", "--per-address", "20"], async (server) => {
    for (let n = 0; n < 60; n += 1) {
      const socket = await tls(n % 3);
      socket.pause();
      socket.write(page("/large.bin").repeat(20));
      // Now and then a little, which is progress to the kernel.
      const sip = setInterval(() => socket.read(2_000), 500);
      socket.on("close", () => clearInterval(sip));
    }
    t.diagnostic(`a page took ${await visit(20_000)} ms`);
    assert.ok((await server.peakMemory()) < 48 * MiB, `${await server.peakMemory()} bytes`);
  });
});

test("a client that asks without end and takes nothing is given no memory", { timeout: 60_000 }, async () => {
  await beside(["--per-address", "100"], async (server) => {
    const before = await server.peakMemory();
    for (let n = 0; n < 40; n += 1) {
      const socket = await tls(n);
      socket.pause();
      const asking = () => {
        while (!socket.destroyed && socket.write(page().repeat(200))) {}
      };
      socket.on("drain", asking);
      asking();
    }
    await visit(10_000);
    await sleep(2_000);
    const grown = (await server.peakMemory()) - before;
    assert.ok(grown < 16 * MiB, `${grown} bytes more`);
  });
});

test("heads without end are refused by line and by size, at no cost in memory", {
  timeout: 60_000,
}, async () => {
  await beside(["--per-address", "100"], async (server) => {
    const endless = async (first: string, piece: string) => {
      const socket = await tls(1);
      socket.write(first);
      for (let i = 0; i < 2_000 && !socket.destroyed; i += 1) socket.write(piece);
      return (await readToEnd(socket).catch(() => "")).slice(0, 12);
    };
    const before = await server.peakMemory();
    const kinds: [first: string, piece: string, status: string][] = [
      ["GET /", "a".repeat(1_000), "414"],
      ["GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "a".repeat(1_000), "431"],
      ["GET / HTTP/1.1\r\nHost: localhost\r\n", "X-Some: thing\r\n".repeat(50), "431"],
    ];
    for (const [first, piece, status] of kinds) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => endless(first, piece)));
      // Who goes on sending megabytes may lose the answer to the reset that ends him; nobody gets another one.
      const told = answers.filter((answer) => answer !== "");
      assert.ok(
        told.every((answer) => answer === `HTTP/1.1 ${status}`),
        answers.join(),
      );
    }
    const grown = (await server.peakMemory()) - before;
    assert.ok(grown < 16 * MiB, `${grown} bytes more`);
    await visit(5_000);
  });
});

test("who has sent his request and closed his side still gets the whole response", async () => {
  await beside([], async () => {
    const socket = await tls(1);
    socket.end(page("/large.bin"));
    assert.ok((await readToEnd(socket)).length > large.length);
    const half = await tls(2);
    half.end("GET / HTTP/1.1\r\nHost: loc");
    assert.equal(await readToEnd(half), "");
    const silent = tcp(3);
    await once(silent, "connect");
    silent.resume().end();
    await once(silent, "close");
  });
});
