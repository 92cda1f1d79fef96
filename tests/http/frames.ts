import { once } from "node:events";
import { connect } from "node:tls";
import type { Target } from "./run.ts";

/** A frame of HTTP/2 (RFC 9113, 4.1). */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export const types = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const endStream = 0x1;
export const ack = 0x1;
export const endHeaders = 0x4;

const limitMs = 10_000;

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A frame with these settings, each a pair of identifier and value. */
export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  const entries = pairs.map(([id, value]) => Buffer.concat([Buffer.from([0, id]), uint32(value)]));
  return frame(types.settings, 0, 0, Buffer.concat(entries));
}

/** What a client says first. */
export const greeting = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings()]);

/** A header field that no table knows, as HPACK has it without any compression (RFC 7541, 6.2.2). */
export function field(name: string, value: string): Buffer {
  const text = (s: string) => {
    const bytes = Buffer.from(s);
    if (bytes.length > 126) throw new RangeError(`${s}: longer than 126 bytes`);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  };
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

/** The header block of GET for a path; the static table's entries 2 and 7 are `:method: GET`, `:scheme: https`. */
export function get(path: string, host: string): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0x87]), field(":path", path), field(":authority", host)]);
}

/** Whether the server chooses HTTP/2 where it is offered. */
export async function speaksHttp2(target: Target): Promise<boolean> {
  const socket = open(target);
  await once(socket, "secureConnect");
  socket.destroy();
  return socket.alpnProtocol === "h2";
}

/** Sends all of it on a connection of its own, and collects the server's frames until `enough`, or its end. */
export async function converse(
  target: Target,
  sent: readonly Buffer[],
  enough: (frames: readonly Frame[]) => boolean,
): Promise<Frame[]> {
  const socket = open(target);
  const frames: Frame[] = [];
  const over = new Promise<void>((resolve) => {
    // A server that cuts a flood off may do so in the middle of it: no error.
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
    socket.setTimeout(limitMs, resolve);
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (let length = nextLength(bytes); length <= bytes.length; length = nextLength(bytes)) {
        frames.push(parse(bytes.subarray(0, length)));
        bytes = bytes.subarray(length);
      }
      if (enough(frames)) resolve();
    });
  });
  socket.on("secureConnect", () => socket.write(Buffer.concat(sent)));
  await over;
  socket.destroy();
  return frames;
}

const open = ({ host, https: port, trust: ca, name: servername }: Target) =>
  connect({ host, port, ca, servername, ALPNProtocols: ["h2", "http/1.1"] });

const nextLength = (bytes: Buffer) =>
  bytes.length < 9 ? Number.POSITIVE_INFINITY : 9 + bytes.readUIntBE(0, 3);

const parse = (bytes: Buffer): Frame => ({
  type: bytes.readUInt8(3),
  flags: bytes.readUInt8(4),
  stream: bytes.readUInt32BE(5),
  payload: bytes.subarray(9),
});
