import { isBuiltin, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** A deliberate fault in the product: a piece of a module's text, and what it becomes. */
export interface Mutation {
  /** Path from the project's root. */
  readonly file: string;
  readonly text: string;
  readonly becomes: string;
}

const root = new URL("../../", import.meta.url).href;
const here = new URL("./", import.meta.url).href;
const inRoot = (path: string) => new URL(path, root).href;

/** What simulated code gets instead of Node's own modules. */
const BUILTIN: Readonly<Record<string, string>> = {
  fs: "world/fs.ts",
  "fs/promises": "world/fs-promises.ts",
  timers: "world/timers.ts",
  "timers/promises": "world/timers-promises.ts",
  http: "world/https.ts",
  https: "world/https.ts",
  worker_threads: "world/thread.ts",
  zlib: "world/zlib.ts",
  child_process: "world/child-process.ts",
};

/** What stands at the edge of the product and of the local cloud, and what takes its place. */
const EDGES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "lib/aws/client-options.ts": "cloud/client-options.ts",
    "lib/identity/certificate.ts": "world/certificate.ts",
    "lib/metrics.ts": "world/metrics.ts",
    "local/machines/addresses.ts": "cloud/network.ts",
  }).map(([from, to]) => [inRoot(from), new URL(to, here).href]),
);

/**
 * Where a GiB is written, and what it is here: ImportSnapshot reads whole disks, and volumes are whole GiB to EBS.
 * Product and local cloud take the same unit, so that nothing else differs.
 */
const GIB = /1024 \*\* 3/g;
const SMALL_GIB = "(4 * 1024 ** 2)";
const MEASURES = new Set(
  [
    "lib/disk/plan.ts",
    "local/ec2/disks.ts",
    "local/ec2/import/imports.ts",
    "local/ebs/snapshots.ts",
    "local/ebs/service.ts",
  ].map(inRoot),
);

/** Packages that get stand-ins too: the SDK looks for its configuration in files, middy limits handlers' time. */
const FOREIGN: Readonly<Record<string, RegExp>> = {
  "fs/promises": /\/node_modules\/@(smithy|aws-sdk)\//,
  timers: /\/node_modules\/@middy\//,
};

function standFor(name: string, from: string): string | undefined {
  if (!from.startsWith(root) || from.startsWith(here) || !Object.hasOwn(BUILTIN, name)) return undefined;
  if (from.includes("/node_modules/") && FOREIGN[name]?.test(from) !== true) return undefined;
  return new URL(BUILTIN[name] as string, here).href;
}

/**
 * Puts the simulated world under the product's and the local cloud's modules: product code itself stays as it
 * is. With a mutation, one module's text is changed; throws when that does not stand there just once.
 */
export function installHooks(mutation?: Mutation): void {
  const mutated = mutation && inRoot(mutation.file);
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const from = context.parentURL ?? "";
      const stand = isBuiltin(specifier) ? standFor(specifier.replace(/^node:/, ""), from) : undefined;
      if (stand !== undefined) return { url: stand, shortCircuit: true };
      const resolved = nextResolve(specifier, context);
      const edge = context.parentURL?.startsWith(here) ? undefined : EDGES.get(resolved.url);
      return edge === undefined ? resolved : { url: edge, shortCircuit: true };
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!MEASURES.has(url) && url !== mutated) return loaded;
      let source = String(loaded.source);
      if (MEASURES.has(url)) source = scaled(url, source);
      if (url === mutated && mutation !== undefined) source = mutate(source, mutation);
      return { ...loaded, source };
    },
  });
}

function scaled(url: string, source: string): string {
  if (!GIB.test(source)) throw new Error(`${fileURLToPath(url)} does not measure in GiB any more.`);
  return source.replaceAll(GIB, SMALL_GIB);
}

function mutate(source: string, { file, text, becomes }: Mutation): string {
  if (source.split(text).length !== 2) throw new Error(`${file} does not hold this text just once: ${text}`);
  return source.replace(text, () => becomes);
}
