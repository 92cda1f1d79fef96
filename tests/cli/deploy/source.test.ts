import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { siteFiles } from "../../../cli/deploy/files.ts";
import { notASite } from "../../../cli/deploy/source.ts";
import { scratch } from "../../lib/scratch.ts";

async function folder(t: TestContext, files: readonly string[]): Promise<string> {
  const root = await scratch(t);
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), file);
  }
  return root;
}

test("a built site is one", async (t) => {
  assert.equal(notASite(await folder(t, ["index.html", "a/index.html"])), undefined);
});

test("the sources of a generator are none, even with an index.html of their own; the output is named", async (t) => {
  const cases: [files: string[], name: string, output: string][] = [
    [["_config.yml", "index.html"], "Jekyll", "_site"],
    [["_config.yml", "scaffolds/post.md"], "Hexo", "public"],
    [["hugo.toml"], "Hugo", "public"],
    [["eleventy.config.js"], "Eleventy", "_site"],
    [["astro.config.mjs"], "Astro", "dist"],
    [["vite.config.ts", "index.html"], "Vite", "dist"],
    [["mkdocs.yml"], "MkDocs", "site"],
    [["gatsby-config.js"], "Gatsby", "public"],
    [[".vitepress/config.mts"], "VitePress", ".vitepress/dist"],
  ];
  for (const [files, name, output] of cases) {
    const root = await folder(t, files);
    const told = notASite(root) ?? "";
    assert.ok(
      told.startsWith(`${root} is the source of a ${name} site (it has ${files[0]}`) || name === "Hexo",
      told,
    );
    assert.ok(told.endsWith(`mirage-pages deploy ${join(root, output)}`), told);
  }
});

test("what is built already is named at once", async (t) => {
  const root = await folder(t, ["_config.yml", "_site/index.html"]);
  assert.match(notASite(root) ?? "", /Deploy what it builds: mirage-pages deploy \S+\/_site$/);
});

test("config.toml: Zola's or an old Hugo's by its base URL, else nobody's", async (t) => {
  const root = await folder(t, ["index.html", "templates/page.html"]);
  await writeFile(join(root, "config.toml"), "x = 1\n");
  assert.equal(notASite(root), undefined);
  await writeFile(join(root, "config.toml"), 'base_url = "https://example.org"\n');
  assert.match(notASite(root) ?? "", /source of a Zola site/);
});

test("no front page: says where one is, or what to do", async (t) => {
  assert.match(
    notASite(await folder(t, ["a.html", "dist/index.html"])) ?? "",
    /no index\.html.* dist has one:/,
  );
  assert.match(notASite(await folder(t, ["package.json"])) ?? "", /build the site first/);
  assert.match(notASite(await folder(t, ["a.html"])) ?? "", /Name the folder/);
});

test("files: no names with a dot but .well-known; links within the folder stand for what they lead to", async (t) => {
  const root = await folder(t, [
    "index.html",
    "a/b.css",
    ".git/HEAD",
    ".env",
    "a/.DS_Store",
    ".well-known/security.txt",
  ]);
  await symlink("a/b.css", join(root, "link.css"));
  await symlink("a", join(root, "copy"));
  const { files, leftOut } = await siteFiles(root);
  assert.deepEqual(files.map(({ key, size }) => `${key} ${size}`).sort(), [
    ".well-known/security.txt 24",
    "a/b.css 7",
    "copy/b.css 7",
    "index.html 10",
    "link.css 7",
  ]);
  assert.deepEqual(leftOut, [".env", ".git", "a/.DS_Store", "copy/.DS_Store"]);
});

test("links that lead out, nowhere or in a circle are refused, each with its name", async (t) => {
  const cases: [target: string, words: RegExp][] = [
    ["/etc/hostname", /The link link leads to \/etc\/hostname, out of the folder/],
    ["nowhere", /The link link leads nowhere/],
    [".", /The link link leads to a folder that it lies in/],
  ];
  for (const [target, words] of cases) {
    const root = await folder(t, ["index.html"]);
    await symlink(target, join(root, "link"));
    await assert.rejects(siteFiles(root), words);
  }
  await assert.rejects(siteFiles("/no/such/folder"), /There is no folder \/no\/such\/folder/);
  await assert.rejects(siteFiles("/etc/hostname"), /is a file; name the folder/);
});
