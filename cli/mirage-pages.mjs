#!/usr/bin/env node
// `mirage-pages` of package.json's "bin": any Node.js from 20 on will do to start it.
import { run } from "../bootstrap.mjs";

run("cli/mirage-pages.ts", process.argv.slice(2), process.cwd());
