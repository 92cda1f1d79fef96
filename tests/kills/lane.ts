import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { StateName } from "../../lib/contracts.ts";
import type { Live } from "../../lib/releases/records.ts";
import { Pebble } from "../../local/acme/pebble.ts";
import { AcmeFront } from "../kit/acme-front.ts";
import { quickBuild, type Template, testPackage, withSources, withTemplate } from "../kit/package.ts";
import { get, servedRelease } from "../kit/site.ts";
import { clockOption, KilledCloud } from "./killed-cloud.ts";
import { plays, type Way } from "./plays.ts";
import { Standing } from "./standing.ts";

/** Longer than a dead owner's functions are waited for. */
const TAKE_OVER = 61;
const HOUR = 3_600;
/** The certificate is looked at twice a day. */
const LOOKED_AT = 12.1 * HOUR;
const NAME = "site.test";

/** What became of one kill. */
export interface Recovery {
  readonly state: StateName;
  /** Seconds from the cloud's new start to what was asked for being live and nobody being at work. */
  readonly seconds: number;
}

/** An authority, and what stands before it. */
interface Authority {
  readonly pebble: Pebble;
  readonly front: AcmeFront;
}

/**
 * One local cloud in a directory of its own, killed by SIGKILL in one state after the other and started again on
 * what it left. Its machines are of Node, its site is a page, and hours pass for it when nothing happens in them.
 */
export class Lane {
  readonly #folder: string;
  readonly #cloud: KilledCloud;
  readonly #authority: Authority | undefined;
  #standing: Standing | undefined;
  #uploads = 0;
  /** What the site must serve. */
  #page = "";
  /** Where a rollback leads, and what is served then. */
  #back = { release: 0, page: "" };

  private constructor(folder: string, cloud: KilledCloud, authority: Authority | undefined) {
    this.#folder = folder;
    this.#cloud = cloud;
    this.#authority = authority;
  }

  /** Starts a cloud whose public addresses begin with this block, and makes a first site live. */
  static async open(addressBlock: string, certified: boolean): Promise<Lane> {
    const folder = await mkdtemp(join(tmpdir(), "mp-kills-"));
    const clock = join(folder, "clock");
    const authority = certified ? await startAuthority(join(folder, "pebble")) : undefined;
    const packageDir = await withSources(await testPackage(), join(folder, "package"), quickBuild);
    const settings = { NODE_OPTIONS: clockOption(clock), ...authoritySettings(authority) };
    await withTemplate(packageDir, packageDir, (template) => setAll(template, settings));
    const options = { dataDir: join(folder, "data"), packageDir, port: 0, addressBlock };
    const cloud = new KilledCloud({ ...options, machineKind: "node" }, clock);
    const lane = new Lane(folder, cloud, authority);
    await lane.#start();
    await lane.#upload();
    await lane.#recovered("upload");
    if (authority !== undefined) {
      const before = await lane.#now.live();
      await authority.pebble.point(NAME, cloud.outputs.SiteAddress ?? "");
      await lane.#lookAtCertificate();
      await lane.#recovered("renewal", before);
    }
    return lane;
  }

  async close(): Promise<void> {
    this.#standing?.close();
    await this.#cloud.stop();
    await this.#authority?.front.stop();
    await this.#authority?.pebble.stop();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /**
   * Has the cloud killed when an execution enters the state, and starts it again. Rejects when that does not end
   * with the execution aborted, what was asked for live, nobody at work, and nothing left over after the sweep.
   */
  async play(state: StateName): Promise<Recovery> {
    const way = plays[state];
    await this.#prepare(way);
    const before = await this.#now.live();
    const abortedBefore = (await this.#now.executions("ABORTED")).length;
    await this.#cloud.tell({ do: "kill", at: state });
    await this.#lead(way);
    if (!(await this.#cloud.dies())) throw new Error(`Nobody entered ${state}:\n${await this.#now.told()}`);
    await this.#start();
    const begun = Date.now();
    const aborted = (await this.#now.executions("ABORTED")).length - abortedBefore;
    assert.ok(aborted > 0, `the execution that was killed at ${state} is ABORTED`);
    await this.#cloud.pass(TAKE_OVER);
    if (isOfCertificate(way)) await this.#lookAtCertificate();
    await this.#recovered(way, before);
    const seconds = (Date.now() - begun) / 1_000;
    await this.#mend(way, before);
    await this.#swept();
    return { state, seconds };
  }

  get #now(): Standing {
    assert.ok(this.#standing);
    return this.#standing;
  }

  async #start(): Promise<void> {
    this.#standing?.close();
    await this.#cloud.start();
    this.#standing = new Standing(this.#cloud);
  }

  async #upload(): Promise<void> {
    this.#uploads += 1;
    this.#page = `<h1>upload ${this.#uploads}</h1>`;
    await this.#now.upload(this.#page);
  }

  /** Long after the last one, the schedule has the certificate looked at. */
  async #lookAtCertificate(): Promise<void> {
    await this.#cloud.pass(LOOKED_AT);
    await this.#cloud.tell({ do: "fire", schedule: "certificate" });
  }

  async #prepare(way: Way): Promise<void> {
    // The release before must be one that is kept, with its machine: one of other content.
    if (way === "rollback") {
      this.#back = { release: (await this.#now.live()).release, page: this.#page };
      await this.#upload();
      await this.#recovered("upload");
    }
    if (way === "self-signed") await this.#now.age(this.#cloud.now(), 365);
    if (way === "renewal" || way === "refused order") await this.#now.age(this.#cloud.now(), 90);
    if (way === "refused order")
      this.#authority?.front.refuse("/order-plz", 403, "rejectedIdentifier", "forbidden by policy");
  }

  async #lead(way: Way): Promise<void> {
    if (way === "upload") await this.#upload();
    else if (way === "same upload") await this.#now.upload(this.#page);
    else if (way === "refused upload") await this.#now.empty();
    else if (way === "rebuild") await this.#cloud.tell({ do: "deploy", kind: "rebuild" });
    else if (way === "ended machine") {
      await this.#cloud.tell({ do: "end the next machine" });
      await this.#upload();
    } else if (way === "rollback") {
      this.#page = this.#back.page;
      await this.#cloud.tell({ do: "roll back", to: this.#back.release });
    } else await this.#cloud.tell({ do: "fire", schedule: "certificate" });
  }

  /** What had to fail succeeds the next time. */
  async #mend(way: Way, before: Live): Promise<void> {
    if (way === "refused upload") {
      await this.#upload();
      await this.#recovered("upload");
    }
    if (way === "refused order" && this.#authority !== undefined) {
      this.#authority.front.fault = () => false;
      await this.#lookAtCertificate();
      await this.#recovered("renewal", before);
    }
  }

  /**
   * Waits until what was asked for is live and nobody is at work. Reconcile's clock ticks every five minutes: it is
   * invoked every few seconds.
   */
  async #recovered(way: Way, before?: Live): Promise<void> {
    const address = this.#cloud.outputs.SiteAddress ?? "";
    let seen = "";
    for (const start = Date.now(), round = { number: 1 }; ; round.number += 1) {
      const page = (await get(address, "/").catch(() => undefined))?.body;
      const busy = await this.#now.busy();
      seen = `the site serves ${page}; ${busy.join(", ") || "nobody"} is at work`;
      if (busy.length === 0 && page === this.#page && (await this.#has(way, before))) break;
      if (Date.now() - start > 180_000) throw new Error(`After 180 s ${seen}:\n${await this.#now.told()}`);
      if (round.number % 10 === 0) await this.#now.reconcile();
      await pause(500);
    }
    assert.equal(await servedRelease(address), (await this.#now.live()).release, "record and machine agree");
  }

  /** Whether something has become what it should, beside the page. */
  async #has(way: Way, before?: Live): Promise<boolean> {
    if (before === undefined) return true;
    const live = await this.#now.live();
    if (way === "same upload") return live.release === before.release && live.listing !== before.listing;
    if (way === "rebuild") return live.release > before.release;
    if (way === "refused upload") return (await this.#now.record("refused.json")) !== undefined;
    if (way === "refused order") return (await this.#now.record("certificates/attempts.json")) !== undefined;
    if (!isOfCertificate(way)) return true;
    const { serial } = live.certificate;
    return serial !== before.certificate.serial && serial === (await this.#now.certificate())?.serial;
  }

  /** An hour later reconcile sweeps; then nothing is left that no kept release needs. */
  async #swept(): Promise<void> {
    const sweeps = async () =>
      (await this.#now.executions()).filter(
        ({ name, status }) => name?.startsWith("sweep-") === true && status === "SUCCEEDED",
      ).length;
    const before = await sweeps();
    await this.#cloud.pass(HOUR + 60);
    for (const start = Date.now(); (await sweeps()) === before; await pause(1_000)) {
      assert.ok(Date.now() - start < 60_000, "reconcile sweeps within a minute");
      await this.#now.reconcile();
    }
    assert.deepEqual(await this.#now.leftovers(), []);
  }
}

function isOfCertificate(way: Way): boolean {
  return ["self-signed", "renewal", "refused order"].includes(way);
}

async function startAuthority(directory: string): Promise<Authority> {
  const address = `127.${randomInt(50, 90)}.${randomInt(1, 250)}.${randomInt(1, 250)}`;
  const pebble = await Pebble.start({ directory, address, dnsPorts: [53], reuse: 0 });
  return { pebble, front: await AcmeFront.start(pebble) };
}

function authoritySettings(authority: Authority | undefined): Record<string, string> {
  if (authority === undefined) return {};
  const { pebble, front } = authority;
  const ACME_ROOT = Buffer.from(pebble.trust).toString("base64");
  return { SITE_NAMES: NAME, ACME: front.directoryUrl, ACME_ROOT, RESOLVER: pebble.resolver };
}

/** Gives every function of a template settings that it knows, and NODE_OPTIONS. */
function setAll(template: Template, settings: Readonly<Record<string, string>>): void {
  for (const { Type, Properties } of Object.values(template.Resources)) {
    if (Type !== "AWS::Lambda::Function") continue;
    const { Variables } = Properties.Environment as { Variables: Record<string, unknown> };
    const known = Object.entries(settings).filter(([name]) => name === "NODE_OPTIONS" || name in Variables);
    Object.assign(Variables, Object.fromEntries(known));
  }
}
