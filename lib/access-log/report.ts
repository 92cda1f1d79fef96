import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect, type TLSSocket } from "node:tls";
import * as z from "zod";
import { causeText } from "../errors.ts";
import { serverName } from "../probe/server-name.ts";
import { sha256 } from "../sha256.ts";

const LOG_PATH = "/.well-known/mirage-pages/access-log";
/** One answer holds 512 KiB of lines (unikernel/lib/visitors.ml). */
const LARGEST_ANSWER = 1024 * 1024;

const count = z.int().nonnegative();

/** What a machine has counted since its program started. */
export const countersSchema = z.object({
  uptime: count,
  requests: count,
  bytes: count,
  responses: z.object({ "2xx": count, "3xx": count, "4xx": count, "5xx": count }),
  notModified: count,
  connections: count,
  handshakeFailures: count,
});
export type Counters = z.infer<typeof countersSchema>;

const summarySchema = countersSchema.extend({
  /** Another one after each start, from which on lines are numbered from 1. */
  boot: z.string().regex(/^[0-9]{1,20}$/),
  first: z.int().positive(),
  last: count,
  newest: count,
});

/** A piece of a machine's access log. */
export interface Report extends z.infer<typeof summarySchema> {
  /** The lines `first` to `last`, in the Combined Log Format, without line ends. */
  readonly lines: readonly string[];
}

/** What is asked, and of whom. */
export interface Asked {
  readonly address: string;
  /** SHA-256 of the certificate that the machine must show before it is told the secret. */
  readonly fingerprint: string;
  /** For SNI and Host. */
  readonly name: string;
  readonly secret: string;
  /** Lines up to this one are kept: the machine forgets them. */
  readonly kept: { readonly boot: string; readonly last: number } | undefined;
  readonly limitMs: number;
}

/** The machine's log could not be had: it does not answer, shows another certificate, or answers nonsense. */
export class NoReport extends Error {
  override readonly name = "NoReport";
}

/** Asks a machine for the oldest lines of its access log and for its counters. Throws NoReport. */
export async function fetchReport(asked: Asked): Promise<Report> {
  const { address, limitMs } = asked;
  const signal = AbortSignal.timeout(limitMs);
  try {
    const socket = await openTo(asked, signal);
    try {
      return readReport(await ask(socket, asked, signal));
    } finally {
      socket.destroy();
    }
  } catch (error) {
    if (error instanceof NoReport) throw error;
    const why = signal.aborted ? `not within ${limitMs} ms` : causeText(error);
    throw new NoReport(`The access log of the machine at ${address} could not be read: ${why}`);
  }
}

/** A connection to a machine that has proved by its certificate to be the one that the secret is for. */
async function openTo({ address, fingerprint, name }: Asked, signal: AbortSignal): Promise<TLSSocket> {
  const socket = connect({
    host: address,
    port: 443,
    ...serverName(name),
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: false,
  });
  try {
    await once(socket, "secureConnect", { signal });
    const shown = sha256(socket.getPeerCertificate().raw);
    if (shown !== fingerprint) {
      throw new NoReport(
        `The machine at ${address} shows the certificate ${shown} instead of ${fingerprint}: it is not told the secret.`,
      );
    }
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function ask(socket: TLSSocket, { name, secret, kept }: Asked, signal: AbortSignal): Promise<string> {
  const query = kept === undefined ? "" : `?after=${kept.boot}-${kept.last}`;
  const headers = { host: name, authorization: `Bearer ${secret}`, connection: "close" };
  const call = request({ path: `${LOG_PATH}${query}`, headers, signal, createConnection: () => socket });
  call.end();
  const [answer] = (await once(call, "response", { signal })) as [IncomingMessage];
  if (answer.statusCode !== 200)
    throw new NoReport(`The machine keeps no log (status ${answer.statusCode}).`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new NoReport(`The answer is longer than ${LARGEST_ANSWER} bytes.`);
  }
  return Buffer.concat(chunks).toString("latin1");
}

/** Reads an answer, and trusts nothing in it. Throws NoReport. */
export function readReport(answer: string): Report {
  const [first = "", ...rest] = answer.split("\n");
  const summary = summarySchema.safeParse(parseJson(first));
  if (!summary.success) throw new NoReport("What the machine answers begins with no summary.");
  const lines = rest.slice(0, -1);
  const { first: from, last, newest } = summary.data;
  if (rest.at(-1) !== "" || last !== from + lines.length - 1 || newest < last)
    throw new NoReport(`The machine names the lines ${from} to ${last} and gives ${lines.length}.`);
  return { ...summary.data, lines };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
