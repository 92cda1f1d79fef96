/** Escapes text for XML. Control characters become references, as S3 writes them. */
function escapeXml(text: string): string {
  return text.replace(/[&<>"'\p{Cc}\ufffe\uffff]/gu, (character) => {
    switch (character) {
      case "&":
        return "&amp;";
      case "<":
        return "&lt;";
      case ">":
        return "&gt;";
      case '"':
        return "&quot;";
      case "'":
        return "&apos;";
      default:
        return `&#x${character.charCodeAt(0).toString(16)};`;
    }
  });
}

/** Undoes every entity and character reference of XML text, each exactly once. */
export function unescapeXml(text: string): string {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number.parseInt(decimal, 10));
    return named[name] ?? whole;
  });
}

/** What `xml` writes: text, nested members, or a list that repeats its element. */
export type XmlValue = string | number | boolean | undefined | XmlMembers | readonly XmlValue[];
export interface XmlMembers {
  readonly [name: string]: XmlValue;
}

/** Writes `<name>value</name>`; a list repeats the element, undefined writes nothing. */
export function xml(name: string, value: XmlValue): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((item: XmlValue) => xml(name, item)).join("");
  if (typeof value === "object") return `<${name}>${xmlMembers(value as XmlMembers)}</${name}>`;
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}

/** Writes the members of an object one after the other. */
export function xmlMembers(members: XmlMembers): string {
  return Object.entries(members)
    .map(([name, value]) => xml(name, value))
    .join("");
}

/** A list as the query protocol writes it: `<Name><member>…</member></Name>`. */
export function memberList(items: readonly XmlValue[]): XmlMembers {
  return { member: items };
}
