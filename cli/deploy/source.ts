import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Generator {
  readonly name: string;
  /** Files that only its sources have; one is enough. */
  readonly marks: readonly string[];
  readonly output: string;
  readonly build: string;
}

/** The generators that people use most, and where each puts what it builds unless it is told otherwise. */
const GENERATORS: readonly Generator[] = [
  {
    name: "Hexo",
    marks: ["scaffolds/post.md", "_config.landscape.yml"],
    output: "public",
    build: "npx hexo generate",
  },
  { name: "Jekyll", marks: ["_config.yml", "_config.toml"], output: "_site", build: "jekyll build" },
  {
    name: "Hugo",
    marks: ["hugo.toml", "hugo.yaml", "hugo.json", "archetypes/default.md"],
    output: "public",
    build: "hugo",
  },
  {
    name: "Eleventy",
    marks: [
      ".eleventy.js",
      "eleventy.config.js",
      "eleventy.config.mjs",
      "eleventy.config.cjs",
      "eleventy.config.ts",
    ],
    output: "_site",
    build: "npx @11ty/eleventy",
  },
  { name: "Astro", marks: configs("astro"), output: "dist", build: "npx astro build" },
  { name: "Next.js", marks: configs("next"), output: "out", build: "npx next build" },
  { name: "Nuxt", marks: configs("nuxt"), output: ".output/public", build: "npx nuxt generate" },
  { name: "Gatsby", marks: configs("gatsby-config", ""), output: "public", build: "npx gatsby build" },
  { name: "Docusaurus", marks: configs("docusaurus"), output: "build", build: "npx docusaurus build" },
  {
    name: "VitePress",
    marks: configs(".vitepress/config", ""),
    output: ".vitepress/dist",
    build: "npx vitepress build",
  },
  { name: "SvelteKit", marks: configs("svelte"), output: "build", build: "npx vite build" },
  { name: "Angular", marks: ["angular.json"], output: "dist", build: "npx ng build" },
  { name: "Vite", marks: configs("vite"), output: "dist", build: "npx vite build" },
  { name: "MkDocs", marks: ["mkdocs.yml", "mkdocs.yaml"], output: "site", build: "mkdocs build" },
  { name: "Sphinx", marks: ["conf.py"], output: "_build/html", build: "sphinx-build -b html . _build/html" },
  { name: "Pelican", marks: ["pelicanconf.py"], output: "output", build: "pelican content" },
  { name: "mdBook", marks: ["book.toml"], output: "book", build: "mdbook build" },
];

function configs(name: string, suffix = ".config"): string[] {
  return ["js", "mjs", "cjs", "ts", "mts"].map((extension) => `${name}${suffix}.${extension}`);
}

/** Folders that a build is likely to be in, where no generator is known. */
const OUTPUTS = ["_site", "public", "dist", "build", "out", "site", "_build/html"];

/**
 * Why a folder is not a site but what one is built from, or lacks its front page, and what to do, as sentences;
 * undefined where it looks like a site.
 */
export function notASite(folder: string): string | undefined {
  const has = (path: string) => existsSync(join(folder, path));
  const found = GENERATORS.find(({ marks }) => marks.some(has)) ?? zola(folder);
  if (found !== undefined) {
    const { name, marks, output, build } = found;
    const built = join(folder, output);
    const todo = has(`${output}/index.html`)
      ? `Deploy what it builds: mirage-pages deploy ${built}`
      : `Build it (${build}), then deploy its output: mirage-pages deploy ${built}`;
    return `${folder} is the source of a ${name} site (it has ${marks.find(has)}), not what is built from it. ${todo}`;
  }
  if (has("index.html")) return undefined;
  const nested = OUTPUTS.find((path) => has(`${path}/index.html`));
  const hint =
    nested !== undefined
      ? `${nested} has one: mirage-pages deploy ${join(folder, nested)}`
      : has("package.json")
        ? "It has a package.json: build the site first (npm run build), then deploy the folder that it is built into."
        : "Name the folder that the site is built into.";
  return `${folder} has no index.html, so the site would have no front page. ${hint}`;
}

/** Zola's configuration has a name that others use too. */
function zola(folder: string): Generator | undefined {
  const path = join(folder, "config.toml");
  if (!existsSync(path) || !/^\s*base_?url\s*=/im.test(readFileSync(path, "utf8"))) return undefined;
  const [name, build] = existsSync(join(folder, "templates")) ? ["Zola", "zola build"] : ["Hugo", "hugo"];
  return { name, marks: ["config.toml"], output: "public", build };
}
