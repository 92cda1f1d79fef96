import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ended } from "../cli/program.ts";
import { root } from "../kit/package.ts";
import { codeOf, documents, linksOf } from "./documents.ts";

const all = await documents();

/** The paths that are not there, each with the document that names it. */
async function missing(named: readonly (readonly [document: string, path: string])[]): Promise<string[]> {
  const found = await Promise.all(
    named.map(async ([document, path]) => {
      try {
        await access(join(root, path));
        return [];
      } catch {
        return [`${document}: ${path}`];
      }
    }),
  );
  return found.flat();
}

test("every link within the repository leads to a file", async () => {
  assert.ok(all.length > 15, `${all.length} documents`);
  const links = all.flatMap((document) => linksOf(document).map((link) => [document.path, link] as const));
  assert.ok(links.length > 25, `${links.length} links`);
  assert.deepEqual(await missing(links), []);
});

/** Folders of the repository that documents name files of. */
const ours =
  /^(?:bench|build|cli|docs|examples|functions|lib|local|stack|statemachine|tests|unikernel)\/[\w./-]+$/;

test("every file and folder that a document names is there", async () => {
  const named = all.flatMap((document) =>
    codeOf(document)
      .filter((code) => ours.test(code) && !code.endsWith(".html"))
      .map((code) => [document.path, code] as const),
  );
  assert.ok(named.length > 40, `${named.length} files`);
  assert.deepEqual(await missing(named), []);
});

test("every script of npm that a document names is one", async () => {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = all.flatMap((document) =>
    codeOf(document).flatMap((code) =>
      [...code.matchAll(/\bnpm (?:run ([\w:]+)|(start|test)\b)/g)].map(([, run, own]) => run ?? own ?? ""),
    ),
  );
  assert.ok(named.length > 10, `${named.length} scripts`);
  assert.deepEqual(
    named.filter((name) => scripts[name] === undefined),
    [],
  );
});

/** Words after our name in texts that a digest is made of (docs/archive.md). */
const inDigests = ["partition", "disk"];

test("every command of mirage-pages that a document names is one, with the options that are named", async () => {
  const program = join(root, "cli/mirage-pages.mjs");
  const help = async (...command: string[]) => (await ended(program, [...command, "--help"], {})).stdout;
  const commands = [...(await help()).matchAll(/^ {2}([a-z]+)[ \n]/gm)].map(([, name = ""]) => name);
  assert.ok(commands.includes("doctor"), commands.join());
  const options = new Map<string, string>();
  const wrong: string[] = [];
  for (const document of all) {
    for (const code of codeOf(document)) {
      const [, name, rest = ""] = /(?:^|npx |\/)mirage-pages(?:\.mjs)? ([a-z]+)\b([^|#;]*)/.exec(code) ?? [];
      if (name === undefined || inDigests.includes(name)) continue;
      if (!commands.includes(name)) wrong.push(`${document.path}: ${code}`);
      else if (!options.has(name)) options.set(name, await help(name));
      for (const [, option = ""] of rest.matchAll(/ (--[a-z-]+)/g)) {
        if (!options.get(name)?.includes(option)) wrong.push(`${document.path}: ${code}: ${option}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(options.size > 4, [...options.keys()].join());
});
