#!/usr/bin/env node
// `mirage-pages` of package.json's "bin". In the package it is JavaScript, bundled; in a checkout any Node.js from 20 on
// will do to start it, and one that runs TypeScript goes on itself, which saves the start of another.
import { existsSync } from "node:fs";
import module from "node:module";

const sources = new URL("mirage-pages.ts", import.meta.url);
const [major = 0] = process.versions.node.split(".").map(Number);

if (!existsSync(sources)) {
  if (major < 22) {
    console.error(`mirage-pages: It needs Node.js 22 or newer; this is ${process.version}.`);
    process.exit(1);
  }
  module.enableCompileCache?.();
  await import("../dist/mirage-pages.js");
} else {
  const { installPackages, run } = await import("../bootstrap.mjs");
  if (major >= 24 && process.features.typescript) {
    installPackages();
    module.enableCompileCache();
    await import(sources.href);
  } else {
    run("cli/mirage-pages.ts", process.argv.slice(2), process.cwd());
  }
}
