import { accountId } from "../../local/account.ts";

/** What must not be in the repository: a name for it, and what it looks like. */
const FORBIDDEN: readonly (readonly [what: string, expression: RegExp])[] = [
  ["an access key of AWS", /\b(?:AKIA|ASIA|AIDA|AROA)[A-Z2-7]{16}\b/],
  ["a secret key of AWS", /secret_?access_?key["'\s:=]+[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/i],
  ["a private key", /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\\n|\s)+[A-Za-z0-9+/=]{40}/],
  ["a token of GitHub", /\b(?:gh[pousr]_[A-Za-z0-9]{30}|github_pat_[A-Za-z0-9_]{30})/],
  ["a token of npm", /\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=/],
  ["a token of GitLab, Slack or Google", /\bglpat-[\w-]{20}|\bxox[abps]-[\w-]{10}|\bAIza[\w-]{35}/],
  ["a signed token (JWT)", /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/],
  ["a password in a URL", /\b[a-z]+:\/\/[^\s/:@"'`$]+:[^\s/:@"'`$]{3,}@/],
  // Not the local account; nor twelve times one digit, nor an octal number of a tar header.
  ["an account id", new RegExp(`(?<![\\w.-])(?!${accountId}|(\\d)\\1{11}|0000)\\d{12}(?![\\w-])`)],
  [
    "a registry other than the public one",
    /"resolved": "https?:\/\/(?!registry\.npmjs\.org\/)|^\s*registry\s*=|\b(?:extra-)?index-url\s*=/m,
  ],
  ["a proxy", /\bhttps?_proxy\s*=/i],
  ["a host of a workplace", /\b[\w-]+\.(?:corp|lan|intranet)\b/],
  ["a path of somebody's machine", /(?<![\w./$}])\/(?:home|Users|root|work|workspace)\/[\w.-]+/],
];

/** Twelve digits that are something else, and what. */
const HARMLESS: Readonly<Record<string, string>> = {
  "160301020001": "the beginning of a TLS record, hexadecimal",
};

/** What in a file's text must not be in the repository: each as "what: where it begins". */
export function secretsIn(text: string): string[] {
  return FORBIDDEN.flatMap(([what, expression]) => {
    const found = [...text.matchAll(new RegExp(expression, `${expression.flags}g`))];
    return found
      .filter(([match]) => !(match in HARMLESS))
      .map(({ index }) => `${what}: line ${text.slice(0, index).split("\n").length}`);
  });
}
