#!/usr/bin/env node
// `mirage-pages` of package.json's "bin": any Node.js from 20 on will do to start it. One that runs TypeScript
// goes on itself, which saves the start of another.
import module from "node:module";
import { installPackages, run } from "../bootstrap.mjs";

const [major = 0] = process.versions.node.split(".").map(Number);
if (major >= 24 && process.features.typescript) {
  installPackages();
  module.enableCompileCache();
  await import("./mirage-pages.ts");
} else {
  run("cli/mirage-pages.ts", process.argv.slice(2), process.cwd());
}
