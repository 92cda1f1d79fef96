import { files } from "./site.ts";

/** What an answer's header must be: just this, like this, or not there at all. */
export type Wanted = string | RegExp | null;

/** One request and its answer. */
export interface Case {
  /** Unlike all others. */
  readonly name: string;
  readonly method: string;
  /** The request target, as it is sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Over plain HTTP. */
  readonly plain: boolean;
  readonly status: number;
  readonly wanted: Readonly<Record<string, Wanted>>;
  /** What the body must be once its coding is undone. */
  readonly body: Buffer | undefined;
}

interface More {
  readonly method?: string;
  /** Of the request. */
  readonly send?: Record<string, string>;
  readonly plain?: boolean;
  /** Headers of the answer. */
  readonly want?: Record<string, Wanted>;
  /** A key of the site, whose content the body must be; or the body. */
  readonly body?: string | Buffer;
}

/** A case named after its request and what is looked at in the answer. */
export function ask(target: string, status: number, more: More = {}): Case {
  const { method = "GET", send = {}, plain = false, want = {}, body } = more;
  const short = (text: string) => (text.length > 100 ? `${text.slice(0, 20)}… (${text.length})` : text);
  const sent = Object.entries(send).map(([name, value]) => ` ${name}: ${short(value)}`);
  const about = [...Object.keys(want), ...(body === undefined ? [] : ["body"])].join(", ");
  const content = typeof body === "string" ? files[body] : body;
  if (typeof body === "string" && content === undefined) throw new RangeError(`no file ${body}`);
  return {
    name: `${plain ? "http " : ""}${method} ${short(target)}${sent.join("")} → ${status}${about && ` (${about})`}`,
    ...{ method, target, headers: send, plain, status, wanted: want },
    body: content === undefined ? undefined : Buffer.from(content),
  };
}

/** In a header, the entity tag that the server gives to a path without any coding: tags are its own affair. */
export function tagOf(path: string): string {
  return `<tag of ${path}>`;
}
