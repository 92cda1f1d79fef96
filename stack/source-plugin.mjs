import { createWriteStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import yazl from "yazl";

/** What CodeBuild needs and gets: nothing else of the repository is in the zip. */
const PARTS = ["buildspec.yml", "build", "unikernel"];
const LEFT_OUT = new Set(["_build", "build-output", ".cache", "README.md"]);
const FIXED_TIME = new Date(Date.UTC(1980, 0, 1));

/**
 * Before packaging, writes source.zip, which the start-build function carries. Equal sources give an equal
 * zip: sorted names, fixed times and modes; its digest decides whether anything is compiled.
 */
export default class SourcePlugin {
  constructor(serverless) {
    const root = serverless.serviceDir;
    this.hooks = { "before:package:initialize": () => writeSourceZip(root, join(root, "source.zip")) };
  }
}

export async function writeSourceZip(root, target) {
  const zip = new yazl.ZipFile();
  for (const part of PARTS) {
    for (const file of await filesBelow(root, part)) {
      const executable = ((await stat(join(root, file))).mode & 0o100) !== 0;
      zip.addFile(join(root, file), file, { mtime: FIXED_TIME, mode: executable ? 0o100755 : 0o100644 });
    }
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(target));
}

async function filesBelow(root, path) {
  if (!(await stat(join(root, path))).isDirectory()) return [path];
  const names = (await readdir(join(root, path))).filter((name) => !LEFT_OUT.has(name)).sort();
  const files = await Promise.all(names.map((name) => filesBelow(root, `${path}/${name}`)));
  return files.flat();
}
