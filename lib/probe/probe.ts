import { Agent as HttpAgent, get as httpGet } from "node:http";
import { Agent, type RequestOptions, request } from "node:https";
import type { TLSSocket } from "node:tls";
import {
  type BodyEntry,
  type IndexEntry,
  isEtagOf,
  isRedirect,
  type SiteIndex,
} from "../archive/site-index.ts";
import type { Expected } from "../contracts/deploy.ts";
import { causeText, WrongAnswer } from "../errors.ts";
import { sha256 } from "../sha256.ts";
import { ruledPaths } from "../site/ruled.ts";
import { encodePath } from "../site/url.ts";
import { serverName } from "./server-name.ts";

/** Every path is fetched up to this many; of a larger site an even sample with its first and last path. */
export const PROBED_PATHS = 500;
/** Bodies up to this size are fetched and digested; of larger ones the head is compared. */
const DIGESTED_BYTES = 512 * 1024;
const REQUEST_MS = 10_000;
/** A booting machine swallows connections; the first answer is asked for often rather than waited for. */
const FIRST_REQUEST_MS = 1_500;
/** Connections: a handshake costs a small machine more than the requests that follow it. */
const AT_ONCE = 4;

/** The machine does not answer (yet): refused, reset, timed out. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
  readonly fingerprint: string;
}

/**
 * Probes the machine at an address: the redirect on port 80, the certificate, release number and archive
 * digest, and the paths of its index. Returns how many paths were compared. Throws NoAnswer while it
 * cannot be reached, WrongAnswer when it answers with anything else than expected.
 */
export async function probeMachine(
  address: string,
  expected: Expected,
  index: SiteIndex,
  limit = PROBED_PATHS,
): Promise<number> {
  let host = expected.certificate.names[0] ?? address;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const ask = (method: string, path: string, limit = REQUEST_MS) =>
    fetchFrom({
      agent,
      method,
      path,
      host: address,
      headers: { host },
      ...serverName(host),
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(limit),
    });
  try {
    checkIdentity(await ask("GET", "/.well-known/mirage-pages", FIRST_REQUEST_MS), expected);
    host = await hostOfRedirect(address, host, expected.certificate.names);
    const targets = sample(probeTargets(index), limit);
    const queue = targets.values();
    const workers = Array.from({ length: AT_ONCE }, async () => {
      for (const { path, entry } of queue) {
        const whole = isRedirect(entry) || entry.representations[0].size <= DIGESTED_BYTES;
        checkEntry(path, entry, await ask(whole ? "GET" : "HEAD", encodePath(path)), whole);
      }
    });
    await Promise.all(workers);
    return targets.length;
  } finally {
    agent.destroy();
  }
}

interface ProbeTarget {
  readonly path: string;
  readonly entry: IndexEntry;
}

/**
 * The paths that must give the answers of the index: for a directory's 404 page, one that surely does not exist.
 * Left out is what a rule of the site may answer instead.
 */
export function probeTargets({ entries, fallbacks, rules }: SiteIndex): ProbeTarget[] {
  const ruled = ruledPaths(rules);
  const missing = fallbacks.map((entry) => ({
    path: `${entry.path}mirage-pages-probe-of-a-missing-path`,
    entry,
  }));
  return [
    ...missing.filter(({ path }) => !ruled(path, "any")),
    ...entries.map((entry) => ({ path: entry.path, entry })).filter(({ path }) => !ruled(path, "forced")),
  ];
}

/** At most `limit` entries, evenly spread, the first and the last among them. */
export function sample<T>(entries: readonly T[], limit: number): T[] {
  if (entries.length <= limit) return [...entries];
  const step = (entries.length - 1) / (limit - 1);
  return Array.from({ length: limit }, (_, i) => entries[Math.round(i * step)] as T);
}

function checkIdentity(answer: Answer, { release, archive, certificate }: Expected): void {
  if (answer.fingerprint !== certificate.fingerprint) {
    throw new WrongAnswer(
      `The machine shows the certificate ${answer.fingerprint || "(none)"} instead of ${certificate.fingerprint}.`,
    );
  }
  if (Date.parse(certificate.notAfter) <= Date.now()) {
    throw new WrongAnswer(`The certificate ${certificate.serial} ran out on ${certificate.notAfter}.`);
  }
  const said = parseIdentity(answer.body);
  if (answer.status !== 200 || said.release !== release || said.archive !== archive.digest) {
    throw new WrongAnswer(
      `The machine answers as release ${said.release ?? "?"} with archive ${said.archive ?? "?"} ` +
        `(status ${answer.status}); release ${release} with archive ${archive.digest} was launched.`,
    );
  }
}

function parseIdentity(body: Buffer): { release?: unknown; archive?: unknown } {
  try {
    const said: unknown = JSON.parse(body.toString("utf8"));
    return typeof said === "object" && said !== null ? said : {};
  } catch {
    return {};
  }
}

function checkEntry(path: string, entry: IndexEntry, answer: Answer, whole: boolean): void {
  const wrong = (what: string) => new WrongAnswer(`${path} ${what}.`);
  if (answer.status !== entry.status) throw wrong(`answers ${answer.status} instead of ${entry.status}`);
  if (isRedirect(entry)) {
    if (answer.headers.location === entry.location) return;
    throw wrong(`redirects to ${answer.headers.location ?? "nowhere"} instead of ${entry.location}`);
  }
  checkBody(entry, answer, whole, wrong);
}

function checkBody(
  { representations: [{ etag, size }] }: BodyEntry,
  answer: Answer,
  whole: boolean,
  wrong: (what: string) => WrongAnswer,
): void {
  if (answer.headers.etag !== etag) {
    throw wrong(`has the entity tag ${answer.headers.etag ?? "(none)"} instead of ${etag}`);
  }
  if (Number(answer.headers["content-length"]) !== size) {
    throw wrong(`is ${answer.headers["content-length"]} bytes long instead of ${size}`);
  }
  if (whole && !isEtagOf(sha256(answer.body), etag)) throw wrong("has other bytes than its entity tag says");
}

/**
 * The host that plain HTTP is redirected to: the one asked for, or the one of the certificate's names that is the
 * site's canonical one. Throws WrongAnswer for any other, NoAnswer while there is none.
 */
async function hostOfRedirect(address: string, host: string, names: readonly string[]): Promise<string> {
  const location = await new Promise<string | undefined>((resolve, reject) => {
    const agent = new HttpAgent({ keepAlive: false });
    const call = httpGet(
      { host: address, port: 80, path: "/", headers: { host }, agent, timeout: REQUEST_MS },
      (answer) => {
        answer.resume();
        resolve(answer.headers.location);
      },
    );
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", (error) => reject(new NoAnswer(`${address} port 80: ${causeText(error)}`)));
  });
  const canonical = [host, ...names].find((name) => location === `https://${name}/`);
  if (canonical === undefined) {
    throw new WrongAnswer(
      `http://${host}/ redirects to ${location ?? "nowhere"} instead of https://${host}/.`,
    );
  }
  return canonical;
}

function fetchFrom(options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(new NoAnswer(`${options.host} port 443: ${causeText(error)}`));
    const call = request({ ...options, port: 443 }, (answer) => {
      const chunks: Buffer[] = [];
      // Asked now: at the end of the answer the agent may have taken the socket back.
      const { raw } = (answer.socket as TLSSocket).getPeerCertificate();
      const fingerprint = raw === undefined ? "" : sha256(raw);
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", fail);
      answer.on("end", () => {
        const { statusCode: status = 0, headers } = answer;
        resolve({ status, headers, body: Buffer.concat(chunks), fingerprint });
      });
    });
    call.on("error", fail);
    call.end();
  });
}
