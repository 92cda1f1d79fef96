import { parsePattern } from "./pattern.ts";

/** Where a rule of `_redirects` or `_headers` applies. */
export interface RuleSource {
  /** Lower case; undefined: any host. */
  readonly host: string | undefined;
  /** In the form of lib/site/pattern.ts. */
  readonly pattern: string;
  /** The path, where the pattern is one. */
  readonly exact: string | undefined;
  /** What the pattern captures. */
  readonly names: readonly string[];
}

/**
 * Reads the path or URL that a rule begins with. Ports, schemes and fragments make no difference, as with
 * Netlify and Cloudflare. Throws RangeError with the reason why it cannot be honoured.
 */
export function parseRuleSource(text: string): RuleSource {
  const match = /^(?:https?:\/\/(?<host>[^/]*))?(?<path>\/[^#]*|)(?:#.*)?$/i.exec(text);
  const { host, path = "" } = match?.groups ?? {};
  if (match === null || (host === undefined && path === "")) {
    throw new RangeError("It begins neither with a slash nor with https://.");
  }
  if (path.includes("?"))
    throw new RangeError("A query in the path is never matched; name parameters as id=:id.");
  if (host !== undefined && !/^[a-z0-9.-]+(?::[0-9]+)?$/i.test(host)) {
    throw new RangeError("The host must be one name: wildcards and placeholders in it are not matched here.");
  }
  const pattern = (path === "" ? "/*" : path).replaceAll(/\/{2,}/g, "/");
  try {
    const tokens = parsePattern(pattern);
    const texts = tokens.flatMap((token) => (token.kind === "text" ? [token.text] : []));
    if (texts.some((part) => /\p{Cc}/u.test(part))) throw new RangeError("The path has a control character.");
    return {
      host: host?.toLowerCase().replace(/:[0-9]+$/, ""),
      pattern: pattern.replaceAll(/\p{Cc}/gu, encodeURIComponent),
      exact: texts.length === tokens.length ? texts.join("") : undefined,
      names: tokens.flatMap((token) =>
        token.kind === "segment" ? [token.name] : token.kind === "any" ? ["splat"] : [],
      ),
    };
  } catch (error) {
    throw error instanceof URIError ? new RangeError("The percent-encoding of the path is broken.") : error;
  }
}
