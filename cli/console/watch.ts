import { DescribeStateMachineCommand } from "@aws-sdk/client-sfn";
import { sfn } from "../../lib/aws/sfn-client.ts";
import { turnHolder } from "../../lib/turn.ts";
import { certificateOf } from "../read/certificate.ts";
import { costsOf } from "../read/costs.ts";
import { fleetOf } from "../read/fleet.ts";
import { type Records, recordsOf, type Site } from "../read/site.ts";
import { standingOf } from "../read/standing.ts";
import { type Picture, pictureOf } from "./picture.ts";
import { remembering } from "./remembering.ts";
import { rowsOf } from "./rows.ts";
import { RunReader } from "./runs.ts";
import { timingsOf } from "./timings.ts";
import type { Run, View } from "./view.ts";

/** While a deployment runs, while nothing does, and after a look that failed, in ms. */
const PAUSE = { busy: 600, idle: 5_000, failed: 5_000 };
/** So often it looks whether a deployment has begun, which takes one read. */
const GLANCE_MS = 800;
/** What changes less often is read after so many ms, while a deployment runs and while none does. */
const SELDOM = { busy: 2_000, idle: 30_000 };

type Listener = (section: keyof View, json: string) => void;

/** Reads what the page shows, again and again as long as somebody looks at it, and tells what has changed. */
export class Watch {
  readonly #site: Site;
  readonly #runs: RunReader;
  readonly #sections = new Map<keyof View, string>();
  readonly #listeners = new Set<Listener>();
  #records: Records | undefined;
  #run: Run | null = null;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #again = false;
  #stopped = false;
  #seldomAt = 0;

  constructor(site: Site) {
    this.#site = { ...site, store: remembering(site.store) };
    this.#runs = new RunReader(site.machines.deploy);
    const { url, stack, region } = site;
    this.#tell("site", { url, stack, region, local: process.env.AWS_ENDPOINT_URL !== undefined });
  }

  /** Tells a listener all that is known, then what changes. Returns what ends that. */
  join(listener: Listener): () => void {
    for (const [section, json] of this.#sections) listener(section, json);
    this.#listeners.add(listener);
    this.look();
    return () => void this.#listeners.delete(listener);
  }

  /** The deployment that made a release; undefined where there is none, or AWS has forgotten it. */
  async runOf(number: number): Promise<Run | undefined> {
    const { releases } = this.#records ?? (await recordsOf(this.#site));
    const release = releases.find((one) => one.number === number);
    return release && (await this.#runs.read(release.execution, release.number));
  }

  /** Looks now instead of after the pause. */
  look(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#stopped) return;
    if (this.#looking) this.#again = true;
    else void this.#round();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #round(): Promise<void> {
    this.#looking = true;
    let pause = PAUSE.failed;
    try {
      pause = (await this.#read()) ? PAUSE.busy : PAUSE.idle;
      this.#tell("trouble", null);
    } catch (error) {
      this.#tell("trouble", error instanceof Error ? error.message : String(error));
    }
    this.#looking = false;
    if (this.#stopped) return;
    if (this.#again) {
      this.#again = false;
      this.look();
    } else this.#wait(Date.now() + pause);
  }

  /** Looks again at a time, or as soon as somebody has the turn; not at all when nobody is there to see it. */
  #wait(until: number): void {
    if (this.#stopped || this.#listeners.size === 0) return;
    const glance = async () => {
      const begun = await turnHolder(this.#site.store).catch(() => undefined);
      // Somebody may have looked meanwhile.
      if (this.#timer !== timer) return;
      if (begun !== undefined || Date.now() >= until) this.look();
      else this.#wait(until);
    };
    const timer = setTimeout(() => void glance(), Math.min(GLANCE_MS, Math.max(until - Date.now(), 0)));
    this.#timer = timer;
  }

  /** Returns whether a deployment runs. */
  async #read(): Promise<boolean> {
    const site = this.#site;
    const picture = await this.#picture();
    const [standing, records] = await Promise.all([standingOf(site), recordsOf(site)]);
    this.#tell("standing", standing);
    this.#run = await this.#runs.current(standing, records, this.#run);
    this.#tell("run", this.#run);
    const busy = standing.underWay !== null;
    const changed = JSON.stringify(records) !== JSON.stringify(this.#records);
    if (changed || Date.now() - this.#seldomAt > (busy ? SELDOM.busy : SELDOM.idle)) {
      await this.#readSeldom(records, picture);
      this.#records = records;
      this.#seldomAt = Date.now();
    }
    return busy;
  }

  async #readSeldom(records: Records, picture: Picture): Promise<void> {
    const site = this.#site;
    this.#tell("releases", rowsOf(records));
    const [timings, certificate, fleet] = await Promise.all([
      timingsOf(records, picture, this.#runs),
      certificateOf(site),
      fleetOf(),
    ]);
    this.#tell("timings", timings);
    this.#tell("certificate", certificate);
    const imageOf = new Map(fleet.images.map(({ imageId, release }) => [release, imageId]));
    const machines = fleet.machines.map(({ own: _, attempt: __, address, launchedAt, ...machine }) => ({
      ...machine,
      address: address ?? null,
      launchedAt: launchedAt.toISOString(),
      imageId: imageOf.get(machine.release) ?? null,
    }));
    this.#tell("fleet", { machines, images: fleet.images.length, snapshots: fleet.snapshots.length });
    this.#tell("costs", await costsOf(site, records, fleet));
  }

  /** From the definition that is deployed; it changes with a deploy of the stack, after which this starts anew. */
  async #picture(): Promise<Picture> {
    const known = this.#sections.get("picture");
    if (known !== undefined) return JSON.parse(known) as Picture;
    const stateMachineArn = this.#site.machines.deploy;
    const { definition = "" } = await sfn().send(new DescribeStateMachineCommand({ stateMachineArn }));
    const picture = pictureOf(definition);
    this.#tell("picture", picture);
    return picture;
  }

  #tell<S extends keyof View>(section: S, value: View[S]): void {
    const json = JSON.stringify(value);
    if (this.#sections.get(section) === json) return;
    this.#sections.set(section, json);
    for (const listener of this.#listeners) listener(section, json);
  }
}
