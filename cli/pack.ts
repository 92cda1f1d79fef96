import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleProgram } from "./pack/bundle.ts";
import { noticesOf } from "./pack/notices.ts";
import { writePage } from "./pack/page.ts";
import { root } from "./root.ts";

/**
 * What `npm pack` runs first: writes the command line to dist/ as JavaScript that needs no other package, for Node.js
 * strips no types below node_modules, and whoever installs it shall get the versions that were tested.
 */
const target = join(root, "dist");

await rm(target, { recursive: true, force: true });
const inputs = [...(await bundleProgram(root, target)), ...(await writePage(root, join(target, "page")))];
await writeFile(join(target, "NOTICES.txt"), await noticesOf(root, inputs));
