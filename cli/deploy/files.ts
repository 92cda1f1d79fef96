import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { CommandFailed } from "../failure.ts";

/** A file that is to be uploaded. */
export interface LocalFile {
  readonly key: string;
  readonly path: string;
  readonly size: number;
}

/** What a folder has for a site. */
export interface SiteFiles {
  readonly files: readonly LocalFile[];
  /** Names that begin with a dot, as keys; folders are told once. */
  readonly leftOut: readonly string[];
}

/** The one name with a dot that belongs to a site (RFC 8615). */
const WELL_KNOWN = ".well-known";

/**
 * The files below a folder. Names that begin with a dot are left out, but for `.well-known`. A link stands for what
 * it leads to, if that lies within the folder; one that leads out of it, or nowhere, is refused: what lies elsewhere
 * was hardly meant to be published. Throws CommandFailed, which says what to do.
 */
export async function siteFiles(folder: string): Promise<SiteFiles> {
  const root = await realpath(folder).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailed(
      error.code === "ENOENT" ? `There is no folder ${folder}.` : `${folder} cannot be read (${error.code}).`,
    );
  });
  if (!(await stat(root)).isDirectory())
    throw new CommandFailed(`${folder} is a file; name the folder of a built site.`);
  const files: LocalFile[] = [];
  const leftOut: string[] = [];
  const walk = async (directory: string, above: readonly string[]): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true });
    await Promise.all(
      entries.map(async (entry) => {
        const path = join(directory, entry.name);
        const key = relative(folder, path).split(sep).join("/");
        if (entry.name.startsWith(".") && entry.name !== WELL_KNOWN) {
          leftOut.push(key);
          return;
        }
        const real = entry.isSymbolicLink() ? await target(root, path, key) : path;
        const info = await stat(real);
        if (info.isFile()) files.push({ key, path, size: info.size });
        if (!info.isDirectory()) return;
        if (above.includes(real))
          throw new CommandFailed(`The link ${key} leads to a folder that it lies in; remove it.`);
        await walk(path, [...above, real]);
      }),
    );
  };
  await walk(folder, [root]);
  return { files, leftOut: leftOut.sort() };
}

/** Where a link leads to, within the folder. */
async function target(root: string, path: string, key: string): Promise<string> {
  const real = await realpath(path).catch(() => {
    throw new CommandFailed(`The link ${key} leads nowhere; remove it, or make what it leads to.`);
  });
  if (real === root || real.startsWith(`${root}${sep}`)) return real;
  throw new CommandFailed(
    `The link ${key} leads to ${real}, out of the folder: such are not published. Copy what it leads to.`,
  );
}
