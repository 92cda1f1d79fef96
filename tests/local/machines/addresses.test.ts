import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect, createServer, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { Addresses } from "../../../local/machines/addresses.ts";
import type { Machine } from "../../../local/machines/machine.ts";

const address = `127.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}.20`;

const echo = `
const server = require("node:net").createServer({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => {});
  socket.pipe(socket);
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => console.log(server.address().port));
`;

/** A machine whose ports echo, in a process of its own: one process has not enough files for both ends. */
async function echoMachine(): Promise<Machine & AsyncDisposable> {
  const child = spawn(process.execPath, ["-e", echo], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<number>((resolve) => {
    child.stdout.once("data", (line: Buffer) => resolve(Number(line)));
  });
  const kill = async () => {
    child.kill("SIGKILL");
  };
  return {
    pid: child.pid,
    ended: new Promise(() => {}),
    connect: async () => connect({ port, host: "127.0.0.1", allowHalfOpen: true }),
    pressPowerButton: kill,
    reset: kill,
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: 443, allowHalfOpen: true });
    socket.once("error", reject);
    socket.once("connect", () => resolve(socket));
  });
}

test("both halves of a connection end on their own, and nothing is lost on a slow reader", async () => {
  const size = 32 * 1024 * 1024;
  await using machine = await echoMachine();
  const addresses = new Addresses();
  await addresses.lead(new Map([[address, { machine, ports: [443] }]]));
  const socket = await open();
  socket.end(Buffer.alloc(size, 5));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const back = await buffer(socket);
  assert.equal(back.length, size);
  assert.ok(back.every((byte) => byte === 5));
  await addresses.lead(new Map());
});

test("5,000 connections at a time are carried, and all break when the address moves", async () => {
  const count = 5000;
  await using machine = await echoMachine();
  const addresses = new Addresses();
  await addresses.lead(new Map([[address, { machine, ports: [443] }]]));
  const sockets = await Promise.all(Array.from({ length: count }, open));
  const answers = sockets.map(
    (socket) =>
      new Promise<string>((resolve) => socket.once("data", (data: Buffer) => resolve(data.toString()))),
  );
  for (const [i, socket] of sockets.entries()) socket.write(`n${i}`);
  assert.deepEqual(
    await Promise.all(answers),
    sockets.map((_, i) => `n${i}`),
  );
  const broken = sockets.map(
    (socket) =>
      new Promise<string>((resolve) =>
        socket.once("error", (error: NodeJS.ErrnoException) => resolve(`${error.code}`)),
      ),
  );
  await addresses.lead(new Map());
  assert.deepEqual([...new Set(await Promise.all(broken))], ["ECONNRESET"]);
});

test("nobody who comes while the address moves is refused; who is there already is cut off", async () => {
  await using first = await echoMachine();
  await using second = await echoMachine();
  const addresses = new Addresses();
  const lead = (machine: Machine) => addresses.lead(new Map([[address, { machine, ports: [80, 443] }]]));
  await lead(first);
  const held = await open();
  const broken = new Promise((resolve) => held.once("close", resolve));
  held.on("error", () => {}).resume();
  let moved = 0;
  let asked = 0;
  const coming = (async () => {
    for (; moved < 50; asked += 1) {
      const before = moved;
      const socket = await open();
      const answer = new Promise<string>((resolve) => {
        socket.once("data", (data: Buffer) => resolve(data.toString()));
        socket.once("error", ({ message }) => resolve(message));
      });
      socket.write("x");
      const got = await answer;
      // A connection may be cut by a move that came after it; it is never refused.
      assert.ok(got === "x" || moved > before, got);
      socket.destroy();
    }
  })();
  for (; moved < 50; moved += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await lead(moved % 2 === 0 ? second : first);
  }
  await Promise.all([coming, broken]);
  assert.ok(asked > 20, `${asked} connections`);
  await addresses.lead(new Map());
});

test("a port that is taken is named, with what to do", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(80, address, resolve));
  await assert.rejects(new Addresses().check(address), {
    name: "AddressUnavailable",
    code: "EADDRINUSE",
    message: new RegExp(`Cannot listen on ${address} port 80 .*ss -ltnp`),
  });
  await new Promise((resolve) => other.close(resolve));
});

test("a connection that is being ended when the address moves leaves no socket open", async () => {
  await using echoing = await echoMachine();
  const addresses = new Addresses();
  const before = openSockets();
  const machine: Machine = {
    ...echoing,
    connect: async (port) => {
      const socket = await echoing.connect(port);
      // At this very moment the machine's end is being passed on to the client.
      socket.once("end", () => void addresses.lead(new Map()));
      return socket;
    },
  };
  await addresses.lead(new Map([[address, { machine, ports: [443] }]]));
  const socket = await open();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  socket.resume();
  socket.end("x");
  await closed;
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(openSockets(), before);
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}
