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
/** Size of the parts of an upload in parts. */
export const PART_BYTES = 128 * 1024;
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

/** A measure that is smaller here, and what it becomes. */
interface Scale {
  readonly measure: RegExp;
  readonly becomes: string;
}

/**
 * Where a GiB is written, and what it is here: ImportSnapshot reads whole disks, and volumes are whole GiB to EBS.
 * And how large the parts of an upload are: an archive of some files has several. Product and local cloud take the
 * same units, so that nothing else differs.
 */
const GIB: Scale = { measure: /1024 \*\* 3/g, becomes: "(4 * 1024 ** 2)" };
const PART: Scale = { measure: /\b8 \* 1024 \* 1024/g, becomes: String(PART_BYTES) };
/** Of a MiB of an archive that is made of parts of the one before, and of what S3 takes as a part and copies of. */
const MIB: Scale = { measure: /\b1024 \* 1024/g, becomes: "256" };
const MEASURES: ReadonlyMap<string, Scale> = new Map(
  (
    [
      ["lib/disk/plan.ts", GIB],
      ["local/ec2/disks.ts", GIB],
      ["local/ec2/import/imports.ts", GIB],
      ["local/ebs/snapshots.ts", GIB],
      ["local/ebs/service.ts", GIB],
      ["lib/aws/bucket.ts", PART],
      ["lib/archive/parts.ts", MIB],
      ["local/s3/multipart.ts", MIB],
      ["local/s3/store.ts", MIB],
    ] as const
  ).map(([file, scale]) => [inRoot(file), scale]),
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
      const scale = MEASURES.get(url);
      if (scale === undefined && url !== mutated) return loaded;
      let source = String(loaded.source);
      if (scale !== undefined) source = scaled(url, source, scale);
      if (url === mutated && mutation !== undefined) source = mutate(source, mutation);
      return { ...loaded, source };
    },
  });
}

function scaled(url: string, source: string, { measure, becomes }: Scale): string {
  const text = source.replaceAll(measure, becomes);
  if (text === source) throw new Error(`${fileURLToPath(url)} does not measure as it did any more.`);
  return text;
}

function mutate(source: string, { file, text, becomes }: Mutation): string {
  if (source.split(text).length !== 2) throw new Error(`${file} does not hold this text just once: ${text}`);
  return source.replace(text, () => becomes);
}
