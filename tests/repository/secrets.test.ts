import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { root } from "../kit/package.ts";
import { secretsIn } from "./secrets.ts";

/** Every file that is, or would be, committed. */
async function files(): Promise<string[]> {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await promisify(execFile)("git", list, { cwd: root, maxBuffer: 2 ** 26 });
  return stdout.split("\0").filter(Boolean);
}

test("no secret, no account and no workplace is in the repository", async (t) => {
  const paths = await files().catch((error: Error) => error);
  if (paths instanceof Error) return t.skip(`this is no git repository: ${paths.message}`);
  assert.ok(paths.length > 300, `${paths.length} files`);
  const found: string[] = [];
  for (const path of paths) {
    const text = await readFile(join(root, path), "latin1").catch((error: NodeJS.ErrnoException) => {
      // Deleted and not committed so yet, or a link to a directory, whose files are listed themselves.
      if (error.code === "ENOENT" || error.code === "EISDIR") return "";
      throw error;
    });
    found.push(...secretsIn(text).map((secret) => `${path}: ${secret}`));
  }
  assert.deepEqual(found, []);
});

const pem = (type: "pkcs1" | "pkcs8") =>
  generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ type, format: "pem" }) as string;
const repeated = (text: string, count: number) => text.repeat(count).slice(0, count);

// Put together here, so that this file does not hold what it looks for.
const fixtures: readonly (readonly [what: string, text: string])[] = [
  ["an access key of AWS", `key = "${"AKIA"}${repeated("IOSFODNN7EXAMPLE", 16)}"`],
  ["an access key of AWS", `${"ASIA"}${repeated("Q", 16)}`],
  ["a secret key of AWS", `aws_secret_access_key = ${repeated("wJalrXUtnFEMI/K7MDENG/bPx", 40)}`],
  ["a secret key of AWS", `"SecretAccessKey": "${repeated("aB3/", 40)}"`],
  ["a private key", pem("pkcs8")],
  ["a private key", JSON.stringify(pem("pkcs1"))],
  ["a token of GitHub", `${"ghp"}_${repeated("a1B2", 36)}`],
  ["a token of GitHub", `${"github"}_pat_${repeated("a1B2", 60)}`],
  ["a token of npm", `${"npm"}_${repeated("a1B2", 36)}`],
  ["a token of npm", `//registry.npmjs.org/:_auth${"Token"}=x`],
  ["a token of GitLab, Slack or Google", `${"glpat"}-${repeated("a1B2", 20)}`],
  ["a token of GitLab, Slack or Google", `${"xoxb"}-${repeated("12", 12)}`],
  ["a signed token (JWT)", ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0In0", repeated("a", 20)].join(".")],
  ["a password in a URL", `https://${"user"}:${"secret"}@example.org/`],
  ["an account id", `arn:aws:iam::${"123456"}${"789012"}:role/x`],
  ["an account id", `bucket: site-in ${"9876"}${"54321098"}`],
  ["a registry other than the public one", `"${"resolved"}": "https://npm.example.org/tar-1.0.0.tgz"`],
  ["a registry other than the public one", `fund=false\n${"registry"}=https://npm.example.org/`],
  ["a proxy", `export HTTP_${"PROXY"}=http://proxy:3128`],
  ["a host of a workplace", `curl http://build.${"corp"}/`],
  ["a path of somebody's machine", `cd /${"home"}/somebody/mirage-pages`],
  ["a path of somebody's machine", `"/${"work"}/main"`],
];

test("each of them would be found, and told with its line", () => {
  for (const [what, text] of fixtures) {
    assert.ok(
      secretsIn(text).some((found) => found.startsWith(what)),
      `${what} is not found in ${text}`,
    );
  }
  assert.deepEqual(secretsIn(`one\ntwo\n${fixtures[0]?.[1]}`), ["an access key of AWS: line 3"]);
});

test("what only looks like one is left alone", () => {
  const harmless = [
    "arn:aws:iam::000000000000:role/x",
    "sha256: 0123456789012345678901234567890123456789",
    "keyPem.includes('-----BEGIN PRIVATE KEY-----')",
    `const path = "$` + `{root}/work/main";`,
    "src/home/index.html",
    "size 000000001024, entries 999999999999",
    "https://example.org:8080/a@b",
  ];
  for (const text of harmless) assert.deepEqual(secretsIn(text), [], text);
});
