import { createHash } from "node:crypto";
import { isRedirect } from "../../../lib/archive/site-index.ts";
import { ABANDONED_UPLOAD_MS, MARKER_KEY } from "../../../lib/site/settled.ts";
import type { BootedDisk } from "../../../local/machines/node/disk.ts";
import type { Carried } from "../cloud/calls.ts";
import { CONTENT_BUCKET, type Watcher, type World } from "../world.ts";

/** S3's clock ticks in seconds; two looks at a bucket are apart by at least the settle time. */
const TICK_MS = 1000;

interface Stand {
  from: number;
  to: number;
  /** A marker says that it is whole. */
  marked: boolean;
}

/**
 * What is served is always exactly one settled listing, never a mix of two: every page of a machine that gets the
 * address is compared with what the content bucket held at one time, for as long as a listing must stand.
 */
export function contentInvariant(world: World): Watcher {
  const settled = new Settled(world);
  return {
    onContent: () => settled.look(),
    onReturn({ name, startedAt }, _event, result) {
      if (name !== "settle" || !(result as { settled: boolean }).settled || settled.isMarked()) return;
      const open = world.objects
        .openUploads(CONTENT_BUCKET)
        .find(({ initiated }) => initiated < startedAt && world.clock.now - initiated < ABANDONED_UPLOAD_MS);
      if (open !== undefined)
        world.violate("content", `The bucket counts as settled while ${open.key} is being uploaded.`);
    },
    onCarried({ action, invocation }: Carried) {
      if (action !== "AssociateAddress" || invocation === undefined) return;
      const { addresses } = world.ec2.cloud.store.state;
      const id = addresses[world.stack.allocationId]?.instanceId ?? "";
      const served = world.machines.served.get(id);
      if (served === undefined) return;
      const problem = settled.problemOf(pagesOf(served));
      if (problem !== undefined)
        world.violate("content", `${id} serves what never was one settled listing: ${problem}`);
    },
  };
}

/** Everything that the content bucket ever held, and for how long. */
class Settled {
  readonly #world: World;
  readonly #stands = new Map<string, Stand[]>();
  #current: { pages: string; version: string } | undefined;

  constructor(world: World) {
    this.#world = world;
    this.look();
  }

  /** The bucket has changed: what it held stood until now. */
  look(): void {
    const { clock, objects } = this.#world;
    const records = objects.keys(CONTENT_BUCKET).map((key) => objects.object(CONTENT_BUCKET, key));
    const site = records.filter(({ key }) => key !== MARKER_KEY);
    const pages = textOf(site.map(({ key }) => [key, tagOf(this.#world.readObject(CONTENT_BUCKET, key))]));
    const version = `${pages}${site.map(({ lastModified }) => lastModified).join()}`;
    const marker = records.find(({ key }) => key === MARKER_KEY);
    const marked =
      marker !== undefined && site.every(({ lastModified }) => lastModified <= marker.lastModified);
    this.#end();
    this.#current = { pages, version };
    const stands = this.#stands.get(pages) ?? [];
    const last = stands.at(-1);
    // The same objects again within a tick of S3's clock are the same listing to everybody who looks.
    if (last !== undefined && this.#versions.get(pages) === version) last.marked ||= marked;
    else stands.push({ from: clock.now, to: clock.now, marked });
    this.#versions.set(pages, version);
    this.#stands.set(pages, stands);
  }

  /** Whether a marker says just now that what the bucket holds is whole. */
  isMarked(): boolean {
    return this.#current !== undefined && this.#stands.get(this.#current.pages)?.at(-1)?.marked === true;
  }

  readonly #versions = new Map<string, string>();

  #end(): void {
    const last = this.#current && this.#stands.get(this.#current.pages)?.at(-1);
    if (last !== undefined) last.to = this.#world.clock.now;
  }

  /** Why these pages are no settled listing; undefined when they are one. */
  problemOf(pages: string): string | undefined {
    this.#end();
    const stands = this.#stands.get(pages);
    if (stands === undefined) return `the bucket never held just these pages:\n${pages}`;
    const enough = this.#world.choices.settleSeconds * 1000 - TICK_MS;
    if (stands.some(({ from, to, marked }) => marked || to - from >= enough)) return undefined;
    const longest = Math.max(...stands.map(({ from, to }) => to - from));
    return `the bucket held these pages for ${longest / 1000} s only:\n${pages}`;
  }
}

function textOf(pages: readonly (readonly [key: string, tag: string])[]): string {
  return [...new Set(pages.map(([key, tag]) => `${nameOf(key)} ${tag}\n`))].sort().join("");
}

function tagOf(body: Buffer): string {
  return `"${createHash("sha256").update(body).digest("hex").slice(0, 24)}"`;
}

/** The pages of a machine: what it answers with 200. */
function pagesOf({ entries }: Pick<BootedDisk, "entries">): string {
  const pages = entries.flatMap((entry) => (isRedirect(entry) || entry.status !== 200 ? [] : [entry]));
  return textOf(pages.map(({ path, representations: [{ etag }] }) => [path.slice(1), etag]));
}

/** A page under one name, whether a file's or that of an address which leaves the ending out. */
function nameOf(text: string): string {
  return text
    .replace(/(^|\/)index\.html$/, "$1")
    .replace(/\.html$/, "")
    .replace(/\/$/, "");
}
