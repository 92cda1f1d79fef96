import {
  ack,
  converse,
  endHeaders,
  endStream,
  type Frame,
  field,
  frame,
  get,
  greeting,
  settings,
  types,
  uint32,
} from "./frames.ts";
import type { Target } from "./run.ts";

/** One conversation over HTTP/2 and how it must end. */
export interface Http2Case {
  readonly name: string;
  /** What the client sends after its greeting, all at once. */
  readonly sent: (host: string) => readonly Buffer[];
  /** The error of the server's GOAWAY, or how many responses end, which must have status 200. */
  readonly ends: { readonly error: number } | { readonly responses: number };
  /** The most streams that may be answered at all. */
  readonly most?: number;
  /** Instead of the usual greeting. */
  readonly first?: Buffer;
}

const errors = { protocol: 1, flowControl: 3, frameSize: 6, compression: 9, calm: 11, http11Required: 13 };
const flood = 3_000;
const times = (count: number, one: (i: number) => Buffer) => Array.from({ length: count }, (_, i) => one(i));
const streams = (count: number, one: (stream: number) => Buffer) => times(count, (i) => one(2 * i + 1));

const request = (host: string, stream: number, path = "/style.css") =>
  frame(types.headers, endHeaders | endStream, stream, get(path, host));
const reset = (stream: number) => frame(types.rstStream, 0, stream, uint32(8));
const window = (stream: number, bytes: number) => frame(types.windowUpdate, 0, stream, uint32(bytes));
const shut = settings([4, 0]);
/** A stream that this one depends on, and a weight. */
const priority = (stream: number) =>
  frame(types.priority, 0, stream, Buffer.concat([uint32(0), Buffer.from([15])]));

export const http2Cases: readonly Http2Case[] = [
  { name: "a request", sent: (host) => [request(host, 1)], ends: { responses: 1 } },
  {
    name: "a hundred requests at once",
    sent: (host) => [window(0, 2_000_000), ...streams(100, (s) => request(host, s))],
    ends: { responses: 100 },
  },
  {
    name: "a body that is longer than a window, which is opened as it is read",
    sent: (host) => [request(host, 1, "/large.bin"), window(0, 2_000_000), window(1, 2_000_000)],
    ends: { responses: 1 },
  },
  {
    name: "a client that allows a large table for compressed headers",
    sent: (host) => [settings([1, 1_000_000]), ...streams(20, (s) => request(host, s))],
    ends: { responses: 20 },
  },
  {
    name: "a client that allows none",
    sent: (host) => [settings([1, 0]), request(host, 1)],
    ends: { error: errors.http11Required },
  },
  {
    name: "priorities and unknown frames are passed over",
    sent: (host) => [
      ...streams(50, (s) => priority(s + 1_000)),
      frame(0x20, 0, 0, Buffer.alloc(9)),
      request(host, 1),
    ],
    ends: { responses: 1 },
  },
  {
    name: "streams opened and reset at once (CVE-2023-44487)",
    sent: (host) => streams(flood, (s) => Buffer.concat([request(host, s), reset(s)])),
    ends: { error: errors.calm },
    most: 300,
  },
  {
    name: "streams whose reset the client provokes (CVE-2025-8671)",
    sent: (host) => streams(flood, (s) => Buffer.concat([request(host, s), window(s, 0x7fff_ffff)])),
    ends: { error: errors.calm },
    most: 300,
  },
  {
    name: "more streams than were allowed, none of which is read",
    sent: (host) => [shut, ...streams(flood, (s) => request(host, s))],
    ends: { error: errors.calm },
    most: 200,
  },
  {
    name: "CONTINUATION without end (CVE-2024-27316)",
    sent: (host) => [
      frame(types.headers, endStream, 1, get("/", host)),
      ...times(flood, () => frame(types.continuation, 0, 1, field("x", "y"))),
    ],
    ends: { error: errors.calm },
    most: 0,
  },
  {
    name: "headers longer than 16 KiB",
    sent: (host) => [
      frame(types.headers, endStream, 1, get("/", host)),
      ...times(2, () =>
        frame(types.continuation, 0, 1, Buffer.concat(times(100, () => field("x", "y".repeat(100))))),
      ),
    ],
    ends: { error: errors.calm },
    most: 0,
  },
  {
    name: "one header repeated by its index, the bomb of HPACK",
    sent: (host) => [
      frame(types.headers, endStream, 1, get("/", host)),
      ...times(4, () => frame(types.continuation, 0, 1, Buffer.alloc(8_000, 0xbe))),
    ],
    ends: { error: errors.calm },
    most: 0,
  },
  {
    name: "another frame before a header block has ended",
    sent: (host) => [frame(types.headers, endStream, 1, get("/", host)), priority(3)],
    ends: { error: errors.protocol },
  },
  { name: "settings without end", sent: () => times(flood, () => shut), ends: { error: errors.calm } },
  {
    name: "a frame of many settings",
    sent: () => [settings(...Array.from({ length: 40 }, () => [4, 65_535] as const))],
    ends: { error: errors.calm },
  },
  {
    name: "pings without end",
    sent: () => times(flood, () => frame(types.ping, 0, 0, Buffer.alloc(8))),
    ends: { error: errors.calm },
  },
  {
    name: "priorities without end (CVE-2019-9513)",
    sent: () => streams(flood, priority),
    ends: { error: errors.calm },
  },
  {
    name: "empty frames without end (CVE-2019-9518)",
    sent: (host) => [
      frame(types.headers, endHeaders, 1, get("/", host)),
      ...times(flood, () => frame(types.data, 0, 1)),
    ],
    ends: { error: errors.calm },
  },
  {
    name: "a window opened byte by byte (CVE-2019-9511)",
    sent: (host) => [shut, request(host, 1), ...times(flood, () => window(1, 1))],
    ends: { error: errors.calm },
  },
  {
    name: "a window of more than 2 GiB",
    sent: () => times(2, () => window(0, 0x7fff_ffff)),
    ends: { error: errors.flowControl },
  },
  {
    name: "a frame of more than 16 KiB",
    sent: () => [frame(types.ping, 0, 0, Buffer.alloc(16_385))],
    ends: { error: errors.frameSize },
  },
  {
    name: "headers that cannot be decompressed",
    sent: () => [frame(types.headers, endHeaders | endStream, 1, Buffer.from([0xff, 0xff, 0xff, 0x7f]))],
    ends: { error: errors.compression },
  },
  {
    name: "a promise of a client's",
    sent: (host) => [frame(types.pushPromise, endHeaders, 1, Buffer.concat([uint32(2), get("/", host)]))],
    ends: { error: errors.protocol },
  },
  {
    name: "another protocol",
    first: Buffer.from("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
    sent: () => [],
    ends: { error: errors.protocol },
  },
];

/** What is wrong with how a conversation ends; empty when nothing is. */
export async function checkHttp2(target: Target, one: Http2Case): Promise<string[]> {
  const wanted = "error" in one.ends ? undefined : one.ends.responses;
  const goaway = (frames: readonly Frame[]) => frames.find(({ type }) => type === types.goaway);
  const ended = (frames: readonly Frame[]) =>
    frames.filter(({ type, flags }) => type <= types.headers && (flags & endStream) !== 0).length;
  const enough = (frames: readonly Frame[]) => goaway(frames) !== undefined || ended(frames) === wanted;
  const frames = await converse(target, [one.first ?? greeting, ...one.sent(target.name)], enough);
  const error = goaway(frames)?.payload.readUInt32BE(4);
  const heads = frames.filter(({ type }) => type === types.headers);
  const problems: string[] = [];
  if (wanted === undefined) {
    if (!("error" in one.ends) || error !== one.ends.error)
      problems.push(`error ${error ?? "(none)"} instead of ${JSON.stringify(one.ends)}`);
  } else if (error !== undefined || ended(frames) !== wanted) {
    problems.push(`${ended(frames)} responses and error ${error ?? "(none)"} instead of ${wanted} responses`);
  } else if (heads.some(({ payload }) => payload[0] !== status200)) problems.push("a status other than 200");
  if (heads.length > (one.most ?? Number.POSITIVE_INFINITY)) problems.push(`${heads.length} responses begun`);
  if (!frames.some(({ type, flags }) => type === types.settings && (flags & ack) === 0))
    problems.push("no settings");
  return problems;
}

/** `:status: 200` is entry 8 of the static table. */
const status200 = 0x88;
