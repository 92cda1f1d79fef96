import { MARKER_KEY } from "../../lib/site/settled.ts";
import { encodePath } from "../../lib/site/url.ts";
import type { Answered } from "./world/exchange.ts";
import type { Chance } from "./world/random.ts";
import { CONTENT_BUCKET, type World } from "./world.ts";

const PAGES = [
  "index.html",
  "404.html",
  "about.html",
  "blog/index.html",
  "blog/first.html",
  "css/site.css",
  "feed.xml",
  "Über uns/50% & mehr+#?.html",
];
/** Few, so that another version of a page often has the size of the one before. */
const SIZES = [60, 60, 120, 400];
/** `aws s3 sync` has ten transfers under way. */
const AT_ONCE = 10;

type Site = Map<string, string>;

/**
 * The people who write the content: each sync is a sequence of puts and deletes over some seconds, in any order, with
 * changes meanwhile, half-finished ones, and ones that no site can be made of.
 */
export class Uploads {
  readonly #world: World;
  readonly #chance: Chance;
  #site: Site = new Map();
  #edits = 0;

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance("uploads");
  }

  /** Plans every sync of the history, and now and then an upload in parts that nobody ever goes on with. */
  begin(): void {
    const { clock, choices } = this.#world;
    const careless = this.#world.chance("abandoned uploads");
    if (careless.happens(0.01)) {
      const key = careless.pick(PAGES);
      clock.after(careless.between(0, choices.busySeconds) * 1000, () => void this.#beginInParts(key));
    }
    const syncs = this.#chance.whole(1, 5);
    let at = this.#chance.between(0, 60);
    for (let i = 0; i < syncs && at < choices.busySeconds; i += 1) {
      clock.after(at * 1000, () => void this.#world.worksOff(this.#sync()));
      at += this.#chance.happens(0.3)
        ? this.#chance.between(0, 40)
        : this.#chance.between(40, choices.busySeconds / 2);
    }
  }

  async #sync(): Promise<void> {
    const { clock } = this.#world;
    const chance = this.#chance;
    const before = new Map(this.#site);
    const after = this.#edit(before);
    this.#site = after;
    const changes = [
      ...[...after].filter(([key, body]) => before.get(key) !== body || chance.happens(0.2)),
      ...[...before.keys()].filter((key) => !after.has(key)).map((key) => [key, undefined] as const),
    ].sort(() => chance.next() - 0.5);
    this.#world.note(`a person syncs: ${changes.length} changes, ${after.size} files`);
    const queue = changes.values();
    const slow = chance.pick([0.05, 0.3, 3]);
    const transfer = async () => {
      for (const [key, body] of queue) {
        await clock.sleep(chance.between(0.01, slow) * 1000);
        await this.#write(key, body);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, transfer));
    if (chance.happens(0.1)) await this.#write(MARKER_KEY, "done");
    this.#world.note("the sync has ended");
  }

  #edit(before: ReadonlyMap<string, string>): Site {
    const chance = this.#chance;
    const after = new Map(before);
    // As it was before, or the very same again: nothing may be deployed twice.
    if (before.size > 0 && chance.happens(0.1)) return after;
    for (const page of PAGES) {
      if (after.has(page) ? chance.happens(0.15) : !chance.happens(0.6)) after.delete(page);
      else if (!after.has(page) || chance.happens(0.4)) after.set(page, this.#text(page));
    }
    // Mostly there is a site to be made; sometimes it has no home page, a key that cannot be, or nothing at all.
    if (!chance.happens(0.05)) after.set("index.html", after.get("index.html") ?? this.#text("index.html"));
    if (chance.happens(0.04)) after.set("a/../b.html", this.#text("b"));
    else after.delete("a/../b.html");
    if (chance.happens(0.03)) after.clear();
    return after;
  }

  #text(page: string): string {
    this.#edits += 1;
    return `<p>${page}, edit ${this.#edits}</p>`.padEnd(this.#chance.pick(SIZES), ".");
  }

  async #write(key: string, body: string | undefined): Promise<void> {
    const bytes = Buffer.from(body ?? "");
    const method = body === undefined ? "DELETE" : "PUT";
    // What is large comes in parts: none of it is there before the last one.
    if (body !== undefined && this.#chance.happens(0.05)) await this.#writeInParts(key, bytes);
    else await this.#call(method, key, "", bytes);
    this.#world.note(`a person: ${method} ${key}`);
  }

  async #writeInParts(key: string, bytes: Buffer): Promise<void> {
    const id = await this.#beginInParts(key);
    await this.#world.clock.sleep(this.#chance.between(1, 30) * 1000);
    const { headers } = await this.#call("PUT", key, `?partNumber=1&uploadId=${id}`, bytes);
    const part = `<Part><PartNumber>1</PartNumber><ETag>${headers.etag}</ETag></Part>`;
    const list = Buffer.from(`<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`);
    await this.#call("POST", key, `?uploadId=${id}`, list);
  }

  async #beginInParts(key: string): Promise<string> {
    const begun = await this.#call("POST", key, "?uploads", Buffer.alloc(0));
    this.#world.note(`a person: begins an upload of ${key} in parts`);
    return /<UploadId>(.*)<\/UploadId>/.exec(begun.body.toString())?.[1] ?? "";
  }

  async #call(method: string, key: string, query: string, body: Buffer): Promise<Answered> {
    const url = `/${CONTENT_BUCKET}/${encodePath(key)}${query}`;
    const headers = { "content-length": String(body.length) };
    const answered = await this.#world.front.call("s3", { method, url, headers, body });
    if (answered.status >= 400) throw new Error(`${method} ${url}: ${answered.body.toString()}`);
    return answered;
  }
}
