import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** What becomes of a request. */
export type Verdict =
  | { readonly kind: "pass" }
  /** It brought the token: it gets this cookie and goes on without the token in its address. */
  | { readonly kind: "welcome"; readonly cookie: string }
  | { readonly kind: "refused"; readonly status: 401 | 403 | 421; readonly reason: string };

const pass: Verdict = { kind: "pass" };
const refused = (status: 401 | 403 | 421, reason: string): Verdict => ({ kind: "refused", status, reason });

/**
 * Lets in who knows the token of the printed address, and from then on the browser that was given the cookie for
 * it. Any page in that browser can send requests to loopback, and any name can be made to lead there: hence the
 * looks at Host, Origin and Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/).
 */
export class Guard {
  readonly token = secret();
  readonly #session = secret();
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  judge({ method = "", url = "/", headers }: Pick<IncomingMessage, "method" | "url" | "headers">): Verdict {
    const { host = "", origin } = headers;
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    if (!hosts.includes(host))
      return refused(421, "This is the console of mirage-pages, under its own address only.");
    const from = headers["sec-fetch-site"];
    const navigates = method === "GET" && headers["sec-fetch-mode"] === "navigate";
    if (from !== undefined && !["same-origin", "none"].includes(String(from)) && !navigates) {
      return refused(403, "Requests of other pages are refused.");
    }
    if (method !== "GET" && origin !== `http://${host}`) {
      return refused(403, "Only the page itself may ask for changes.");
    }
    const token = new URL(url, `http://${host}`).searchParams.get("token");
    if (method === "GET" && token !== null) {
      if (!same(token, this.token)) return refused(403, "The token is not the one that was printed.");
      const attributes = "Path=/; HttpOnly; SameSite=Strict";
      return { kind: "welcome", cookie: `${this.#cookie}=${this.#session}; ${attributes}` };
    }
    const cookies = (headers.cookie ?? "").split("; ").map((one) => one.split("="));
    const session = cookies.find(([name]) => name === this.#cookie)?.[1];
    if (session !== undefined && same(session, this.#session)) return pass;
    return refused(
      401,
      "Open the address that was printed when the console was started: it bears the token.",
    );
  }

  /** Cookies know no ports: two consoles on one machine need names of their own. */
  get #cookie(): string {
    return `mirage-pages-${this.#port}`;
  }
}

function secret(): string {
  return randomBytes(32).toString("base64url");
}

/** Compares in a time that tells nothing of where texts differ. */
function same(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
