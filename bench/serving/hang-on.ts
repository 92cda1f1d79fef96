import { connect, type Socket } from "node:net";

/**
 * A process of slow clients: `hang-on.ts <count> <http port or 0> <https port>`. Half of them send the head of a
 * request to the HTTP port, half begin a TLS handshake on the HTTPS port (all of them where there is no HTTP port), a
 * byte every two seconds, and come again when they are cut off. They come from sixteen addresses of loopback. Tells
 * its parent once a second how many are connected.
 */
const [count = 0, http = 0, https = 0] = process.argv.slice(2).map(Number);
const ADDRESSES = 16;
const DRIP_MS = 2_000;

const head = Buffer.from(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ${"a".repeat(1000)}`);
// A ClientHello of 512 bytes, as far as its record's head tells.
const hello = Buffer.concat([
  Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]),
  Buffer.alloc(503),
]);

interface Client {
  readonly socket: Socket;
  readonly bytes: Buffer;
  sent: number;
}

const clients: (Client | undefined)[] = [];
let connected = 0;

function come(i: number): void {
  const plain = http !== 0 && i % 2 === 0;
  const localAddress = `127.0.0.${2 + (i % ADDRESSES)}`;
  const socket = connect({ host: "127.0.0.1", port: plain ? http : https, localAddress, noDelay: true });
  const client = { socket, bytes: plain ? head : hello, sent: 0 };
  clients[i] = client;
  socket.on("connect", () => {
    connected += 1;
    socket.on("close", () => {
      connected -= 1;
    });
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    clients[i] = undefined;
    setTimeout(come, 50 + Math.random() * 200, i);
  });
  socket.resume();
}

for (let i = 0; i < count; i++) setTimeout(come, (i / count) * 5_000, i);

// Each client has its turn within a period, so that the drips are spread evenly.
const SLICE_MS = 20;
let at = 0;
setInterval(() => {
  for (let n = Math.ceil((count * SLICE_MS) / DRIP_MS); n > 0; n--) {
    const client = clients[at];
    at = (at + 1) % count;
    if (client === undefined || client.socket.connecting || client.sent >= client.bytes.length) continue;
    client.socket.write(client.bytes.subarray(client.sent, client.sent + 1));
    client.sent += 1;
  }
}, SLICE_MS);
setInterval(() => process.send?.({ connected }), 1_000);
