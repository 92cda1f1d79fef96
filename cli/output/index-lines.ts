import { type BodyEntry, isRedirect, type SiteIndex } from "../../lib/archive/site-index.ts";

/**
 * An index as people read it: status, bytes of each form, path; redirects with their target, fallbacks with a
 * star. Characters that would move the cursor or turn the text around are escaped. Pure.
 */
export function indexLines({ entries, fallbacks, rules }: SiteIndex): string[] {
  const body = ({ status, representations }: BodyEntry, path: string) => {
    const [identity, ...encoded] = representations;
    const forms = encoded.map(({ coding, size }) => `${coding} ${size}`).join(", ");
    return `${status}  ${String(identity.size).padStart(10)}  ${visible(path)}${forms && `  (${forms})`}`;
  };
  return [
    ...entries.map((entry) =>
      isRedirect(entry)
        ? `${entry.status}  ${"".padStart(10)}  ${visible(entry.path)} → ${visible(entry.location)}`
        : body(entry, entry.path),
    ),
    ...fallbacks.map((entry) => body(entry, `${entry.path}*`)),
    ...rules.map(
      ({ status, host, pattern, target, forced }) =>
        `${status}${forced ? "!" : " "} ${"rule".padStart(10)}  ${visible(`${host ?? ""}${pattern}`)} → ${visible(target)}`,
    ),
  ];
}

function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
