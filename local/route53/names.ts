/**
 * A DNS name as Route 53 keeps it: lower case, with the dot at its end, and every character that is no letter,
 * digit, hyphen, underscore or dot as `\` and three octal digits (`*` is `\052`).
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
 */
export function normalName(name: string): string {
  const plain = name.toLowerCase().replace(/\\([0-7]{3})/g, (_, octal: string) => {
    return String.fromCharCode(Number.parseInt(octal, 8)).toLowerCase();
  });
  const escaped = plain.replace(/[^a-z0-9._-]/g, (character) => {
    return `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
  return escaped.endsWith(".") ? escaped : `${escaped}.`;
}

/** Compares names by their labels from the right, as Route 53 orders zones and record sets. */
export function compareNames(one: string, other: string): number {
  const [left, right] = [reversed(one), reversed(other)];
  return left < right ? -1 : Number(left > right);
}

/** Whether a zone of this name may hold a record set of that name; both normal. */
export function isWithin(zone: string, name: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

function reversed(name: string): string {
  return name.split(".").filter(Boolean).reverse().join("\0");
}
