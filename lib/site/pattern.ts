/**
 * Path patterns of `_redirects` and `_headers`, in the form that the index keeps: `*` stands for any text
 * (captured as `splat`), a segment `:name` for one segment that is not empty; everything else for itself, with
 * `%`, `*`, a leading `:` and control characters percent-encoded. A pattern that ends in `/*` matches the
 * directory's name without its slash too, and a slash at the end of the path is passed over.
 */
export type Pattern = readonly Token[];

type Token =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "segment"; readonly name: string }
  | { readonly kind: "any" };

/** The pieces of a pattern. Throws URIError where its percent-encoding is broken. */
export function parsePattern(pattern: string): Pattern {
  const tokens: Token[] = [];
  for (const part of pattern.split(/(\*|(?<=\/):[A-Za-z]\w*(?=\/|$))/)) {
    if (part === "*") tokens.push({ kind: "any" });
    else if (/^:[A-Za-z]/.test(part)) tokens.push({ kind: "segment", name: part.slice(1) });
    else if (part !== "") tokens.push({ kind: "text", text: decodeURIComponent(part) });
  }
  return tokens;
}

/**
 * What a decoded path gives to the names of a pattern; undefined where it does not match. Of several `*` the
 * first ones take as little as they can. Takes at most as many steps as pattern and path have characters,
 * multiplied.
 */
export function matchPattern(pattern: Pattern, path: string): Map<string, string> | undefined {
  return (
    matchWhole(pattern, path) ??
    (path.endsWith("/") ? matchWhole(pattern, path.slice(0, -1)) : matchWhole(pattern, `${path}/`))
  );
}

function matchWhole(pattern: Pattern, path: string): Map<string, string> | undefined {
  const captured = new Map<string, string>();
  // Where to go on when the rest does not match: the last `*` takes one character more.
  let retry: { token: number; from: number; at: number } | undefined;
  let token = 0;
  let at = 0;
  for (;;) {
    const piece = pattern[token];
    if (piece === undefined && at === path.length) return captured;
    let end: number | undefined;
    if (piece?.kind === "any") {
      retry = { token, from: at, at };
      captured.set("splat", "");
      end = at;
    } else if (piece?.kind === "text") {
      end = path.startsWith(piece.text, at) ? at + piece.text.length : undefined;
    } else if (piece?.kind === "segment") {
      const slash = path.indexOf("/", at);
      const stop = slash < 0 ? path.length : slash;
      if (stop > at) {
        captured.set(piece.name, path.slice(at, stop));
        end = stop;
      }
    }
    if (end !== undefined) {
      token += 1;
      at = end;
    } else {
      if (retry === undefined || retry.at >= path.length) return undefined;
      retry.at += 1;
      captured.set("splat", path.slice(retry.from, retry.at));
      token = retry.token + 1;
      at = retry.at;
    }
  }
}
