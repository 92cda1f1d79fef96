import { isIP } from "node:net";
import { domainToASCII } from "node:url";

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * What is wrong with a name that a site is to have, and what to write instead; undefined for a DNS name in lower
 * case, which may be a wildcard (`*.example.org`). https://www.rfc-editor.org/rfc/rfc1123#section-2
 */
export function nameProblem(name) {
  const is = `is "${name}"`;
  const host = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/@]*@)?([^/:\s]+)/i.exec(name)?.[1] ?? "example.org";
  if (/[/:@]/.test(name) && isIP(name) === 0) return `${is}; write the name alone: "${host.toLowerCase()}".`;
  if (isIP(name) !== 0) return `${is}, an address; write a name, or leave it out: the address serves too.`;
  if (/\s/.test(name)) return `${is}; write one name here, further ones in aliases.`;
  const ascii = domainToASCII(name);
  if (/[^\0-\x7f]/.test(name) && ascii !== "") return `${is}; write it in its ASCII form: "${ascii}".`;
  if (name !== name.toLowerCase()) return `${is}; write it in lower case: "${name.toLowerCase()}".`;
  if (name.endsWith(".")) return `${is}; write it without the dot at its end: "${name.replace(/\.+$/, "")}".`;
  if (name.length > 253) return `${is}, ${name.length} characters long; DNS takes 253.`;
  const labels = name.replace(/^\*\./, "").split(".");
  const wrong = labels.find((label) => !LABEL.test(label));
  if (wrong !== undefined) {
    const form = "1 to 63 letters, digits and hyphens, no hyphen at an end";
    return `${is}, and "${wrong}" in it cannot stand in a host's name: ${form}; a "*" stands alone in front.`;
  }
  if (labels.length < 2) return `${is}; write the full name, such as "${labels[0]}.example.org".`;
  if (/^\d+$/.test(labels.at(-1))) return `${is}; there is no top-level domain "${labels.at(-1)}".`;
  return undefined;
}
