import { cpSync, existsSync, globSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";

/**
 * The cache of a project: what `cache.paths` named after the last good build. Only paths below the source are
 * carried: absolute ones stay where they are between builds, as builds run on this machine itself.
 */
export function restoreCache(cache: string, source: string): void {
  if (existsSync(cache)) cpSync(cache, source, { recursive: true, force: false, preserveTimestamps: true });
}

/** Keeps the paths of a buildspec's cache for the next build; replaces what was kept before. */
export function saveCache(cache: string, source: string, paths: readonly string[]): void {
  const inside = paths.filter((path) => !isAbsolute(path) && !path.startsWith("~"));
  if (inside.length === 0) return;
  const fresh = `${cache}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  for (const pattern of inside) {
    // "dir/**/*" means the directory as it is, links and modes included.
    for (const path of globSync(pattern.replace(/(\/\*\*)?\/\*$/, ""), { cwd: source })) {
      mkdirSync(dirname(join(fresh, path)), { recursive: true });
      cpSync(join(source, path), join(fresh, path), {
        recursive: true,
        preserveTimestamps: true,
        verbatimSymlinks: true,
      });
    }
  }
  rmSync(cache, { recursive: true, force: true });
  renameSync(fresh, cache);
}
