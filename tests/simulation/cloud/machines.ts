import type { RequestListener } from "node:http";
import { ConsoleFile } from "../../../local/machines/console-file.ts";
import type { Ending, Machine, MachineKind, MachineSpec } from "../../../local/machines/machine.ts";
import { type BootedDisk, bootDisk, NotBootable } from "../../../local/machines/node/disk.ts";
import { redirectHandler, siteHandler } from "../../../local/machines/node/site.ts";
import { leafOf } from "../world/certificate.ts";
import type { Clock } from "../world/clock.ts";
import { type Answered, type Asked, Broken, exchange } from "../world/exchange.ts";
import { never } from "../world/life.ts";
import type { Answering } from "./network.ts";

/** What becomes of one machine. Seconds count from power-on. */
export interface Fate {
  readonly bootSeconds: number;
  /** It never gets so far as to listen. */
  readonly deaf: boolean;
  /** When it powers off by itself; undefined: never. */
  readonly diesAfter?: number | undefined;
  /** When it stops answering although it runs on; undefined: never. */
  readonly hangsAfter?: number | undefined;
}

/** Machines in memory: they read their disk as firmware and unikernel do, and answer as the unikernel does. */
export class SimulatedMachines implements MachineKind {
  readonly #clock: Clock;
  readonly #fate: () => Fate;
  readonly #spared: () => boolean;
  readonly running = new Map<string, SimulatedMachine>();
  /** What every machine served that ever did, by its instance. */
  readonly served = new Map<string, BootedDisk>();

  constructor(clock: Clock, fate: () => Fate, spared: () => boolean) {
    this.#clock = clock;
    this.#fate = fate;
    this.#spared = spared;
  }

  async start(spec: MachineSpec): Promise<Machine> {
    const machine = new SimulatedMachine(spec, this.#fate(), this.#clock, {
      spared: this.#spared,
      serves: (disk) => this.served.set(spec.id, disk),
      gone: () => this.running.delete(spec.id),
    });
    this.running.set(spec.id, machine);
    return machine;
  }
}

interface Watch {
  /** Whether nothing happens to it by itself any more. */
  spared(): boolean;
  serves(disk: BootedDisk): void;
  gone(): void;
}

export class SimulatedMachine implements Machine, Answering {
  readonly pid = undefined;
  readonly ended: Promise<Ending>;
  /** What it serves; undefined while it boots, when it does not, and when it has hung. */
  disk: BootedDisk | undefined;
  readonly #spec: MachineSpec;
  #state: "booting" | "serving" | "hung" | "off" = "booting";
  #end: (ending: Ending) => void = () => {};
  readonly #watch: Watch;

  constructor(spec: MachineSpec, fate: Fate, clock: Clock, watch: Watch) {
    this.#spec = spec;
    this.#watch = watch;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    if (!fate.deaf) clock.after(fate.bootSeconds * 1000, () => void this.#boot());
    const later = (seconds: number | undefined, act: () => void) => {
      if (seconds !== undefined) clock.after(seconds * 1000, () => watch.spared() || act());
    };
    later(fate.hangsAfter, () => this.hang());
    later(fate.diesAfter, () => this.die());
  }

  connect(): never {
    throw new Error("The simulated machines are asked with `answer`.");
  }

  async answer(port: 80 | 443, asked: Asked): Promise<Answered & { readonly certificate: Buffer }> {
    if (this.#state === "hung") return never();
    const { disk } = this;
    if (disk === undefined) throw new Broken();
    const handler: RequestListener = port === 443 ? siteHandler(disk) : redirectHandler(disk);
    const answered = await exchange(asked, handler);
    if (asked.method === "HEAD")
      return { ...answered, body: Buffer.alloc(0), certificate: leafOf(disk.identity.chainPem) };
    return { ...answered, certificate: leafOf(disk.identity.chainPem) };
  }

  /** Stops answering, though it runs on. */
  hang(): void {
    if (this.#state === "off") return;
    this.#state = "hung";
    this.disk = undefined;
  }

  /** Powers off by itself. */
  die(): void {
    this.#off({ cause: "power-off", detail: "the guest powered off" });
  }

  async pressPowerButton(): Promise<void> {
    this.die();
  }

  async reset(): Promise<void> {
    throw new Error("Nobody resets simulated machines.");
  }

  async kill(): Promise<void> {
    this.#off({ cause: "died", detail: "the machine was killed" });
  }

  #off(ending: Ending): void {
    if (this.#state === "off") return;
    this.#state = "off";
    this.disk = undefined;
    this.#watch.gone();
    this.#end(ending);
  }

  async #boot(): Promise<void> {
    if (this.#state !== "booting") return;
    const console = await ConsoleFile.open(this.#spec.console);
    try {
      const disk = await bootDisk(this.#spec.volume);
      if (this.#state !== "booting") return;
      this.#state = "serving";
      this.disk = disk;
      this.#watch.serves(disk);
      await console.append(`mirage-pages: listening release=${disk.identity.release}\n`);
    } catch (error) {
      if (!(error instanceof NotBootable)) throw error;
      await console.append(`${error.message}\n`);
    }
  }
}
