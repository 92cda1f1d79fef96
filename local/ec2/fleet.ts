import { readFile } from "node:fs/promises";
import { BlockList, isIPv6 } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Addresses, type Destination } from "../machines/addresses.ts";
import { readConsole } from "../machines/console-file.ts";
import { type GuestPort, guestPorts, type Machine, type MachineKind } from "../machines/machine.ts";
import type { Disks } from "./disks.ts";
import type { Instance, InstanceState, Reason, Rule } from "./state.ts";
import type { Store } from "./store.ts";
import { instanceTypes } from "./types.ts";

/** How long a guest has to honour the power button before the plug is pulled, in ms (minutes on AWS). */
const shutdownGrace = 10_000;

const reasons = {
  userShutdown: {
    code: "Client.UserInitiatedShutdown",
    message: "Client.UserInitiatedShutdown: User initiated shutdown",
  },
  guestShutdown: {
    code: "Client.InstanceInitiatedShutdown",
    message: "Client.InstanceInitiatedShutdown: Instance initiated shutdown",
  },
} as const;

export interface FleetOptions {
  readonly store: Store;
  readonly disks: Disks;
  readonly kind: MachineKind;
  /** First three parts of the loopback addresses that are public addresses here, as "127.80.0". */
  readonly addressBlock: string;
  log(line: string): void;
  /** Told when an instance has entered a state. */
  onStateChange(instanceId: string, state: InstanceState): void;
}

/**
 * The instances' machines and what leads to them. State changes are made at once, as the API answers them;
 * machines follow in the background, and every change they make is saved.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #machines = new Map<string, Machine>();
  readonly #background = new Set<Promise<void>>();
  readonly #addresses = new Addresses();
  #stopped = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** First three parts of every public address. */
  get addressBlock(): string {
    return this.#options.addressBlock;
  }

  /** The machine that an instance runs on now. */
  machineOf(instanceId: string): Machine | undefined {
    return this.#machines.get(instanceId);
  }

  /** The last 64 KiB of an instance's serial console. */
  console(instanceId: string): Promise<Buffer> {
    return readConsole(this.#options.disks.console(instanceId));
  }

  /** Takes an instance from pending to running. Its volume is made first if it has none yet. */
  boot(instance: Instance, first: boolean): void {
    this.#inBackground(async () => {
      try {
        if (first) await this.#createVolume(instance);
        await this.#startMachine(instance);
      } catch (error) {
        await this.#launchFailed(instance, first, error instanceof Error ? error.message : String(error));
      }
    });
  }

  /** Takes a stopping instance to stopped: by its power button, or at once when `hard`. */
  shutDown(instance: Instance, hard: boolean): void {
    this.#change(instance, "stopping", reasons.userShutdown, "User initiated");
    this.#inBackground(async () => {
      await this.#end(instance, hard);
      await this.#haltDone(instance);
    });
  }

  /** Takes an instance to terminated, and its volume away. */
  terminate(instance: Instance, hard: boolean): void {
    this.#change(instance, "shutting-down", reasons.userShutdown, "User initiated");
    this.#inBackground(async () => {
      await this.#end(instance, hard);
      await this.#terminated(instance);
    });
  }

  /** Resets an instance's machine. Its state stays running, as on EC2. */
  async reboot(instance: Instance): Promise<void> {
    await this.#machines.get(instance.id)?.reset();
  }

  /**
   * Makes public addresses lead where the state says: every running instance's address to its machine, on
   * the ports its security groups let in. Throws AddressUnavailable.
   */
  async route(): Promise<void> {
    if (this.#stopped) return;
    const { state } = this.#options.store;
    const wanted = new Map<string, Destination>();
    for (const [id, machine] of this.#machines) {
      const instance = state.instances[id];
      const address = instance && this.publicAddress(instance);
      if (!address || (instance.state !== "running" && instance.state !== "pending")) continue;
      wanted.set(address, { machine, ports: guestPorts.filter((port) => this.#letsIn(instance, port)) });
    }
    await this.#addresses.lead(wanted);
  }

  /** The address the world reaches an instance by: its Elastic IP, else the one assigned to it. */
  publicAddress(instance: Instance): string | undefined {
    const elastic = Object.values(this.#options.store.state.addresses).find(
      (address) => address.instanceId === instance.id,
    );
    return elastic?.publicAddress ?? instance.publicAddress;
  }

  /**
   * Gives an instance the auto-assigned address it should have now, or takes it away: it has one while it
   * runs, if it was launched with one, and no Elastic IP stands in its place.
   */
  assignAddress(instance: Instance): void {
    const { addresses } = this.#options.store.state;
    const elastic = Object.values(addresses).some((address) => address.instanceId === instance.id);
    const alive = instance.state === "pending" || instance.state === "running";
    if (!instance.wantsPublicAddress || elastic || !alive) delete instance.publicAddress;
    else instance.publicAddress ??= this.#freeAddress();
  }

  /** Checks that the block's addresses can be listened on, with the last of it. Throws AddressUnavailable. */
  check(): Promise<void> {
    return this.#addresses.check(`${this.#options.addressBlock}.250`);
  }

  /** Starts again what was running when the local cloud ended, and brings to an end what was ending. */
  async resume(): Promise<void> {
    for (const instance of Object.values(this.#options.store.state.instances)) {
      if (instance.pid !== undefined) await killLeftOver(instance.pid, instance.volumeId);
      delete instance.pid;
      if (instance.state === "pending" || instance.state === "running") {
        const first = instance.state === "pending";
        instance.state = "pending";
        this.boot(instance, first);
      } else if (instance.state === "stopping") {
        await this.#haltDone(instance);
      } else if (instance.state === "shutting-down") {
        await this.#terminated(instance);
      }
    }
  }

  /** Resolves when nothing is under way in the background. */
  async idle(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  /** Pulls every plug and closes every address. What was running stays recorded as running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#addresses.lead(new Map());
    await Promise.all([...this.#machines.values()].map((machine) => machine.kill()));
    await this.idle();
    await Promise.all([...this.#machines.values()].map((machine) => machine.kill()));
  }

  async #createVolume(instance: Instance): Promise<void> {
    const volume = this.#options.store.state.volumes[instance.volumeId];
    if (!volume) throw new Error(`The volume ${instance.volumeId} of ${instance.id} is not recorded`);
    await this.#options.disks.createVolume(volume);
  }

  async #startMachine(instance: Instance): Promise<void> {
    const { kind, disks, store } = this.#options;
    const nic = store.state.networkInterfaces[instance.networkInterfaceId];
    if (this.#stopped || instance.state !== "pending") return;
    const machine = await kind.start({
      id: instance.id,
      volume: disks.volume(instance.volumeId),
      memoryMiB: instanceTypes.get(instance.type)?.memoryMiB ?? 1024,
      console: disks.console(instance.id),
      macAddress: nic?.macAddress ?? "02:00:00:00:00:01",
    });
    // It may have been terminated, or the cloud stopped, while the machine was being set up.
    if (this.#stopped || instance.state !== "pending") return await machine.kill();
    this.#machines.set(instance.id, machine);
    if (machine.pid !== undefined) instance.pid = machine.pid;
    void machine.ended.then((ending) => this.#machineEnded(instance, machine, ending.cause, ending.detail));
    // Whoever sees "running" can connect.
    await this.route();
    if (instance.state !== "pending") return;
    this.#enter(instance, "running");
    delete instance.reason;
    instance.transition = "";
    await store.save();
  }

  async #launchFailed(instance: Instance, first: boolean, detail: string): Promise<void> {
    this.#options.log(`${instance.id} did not start: ${detail}`);
    if (this.#stopped || instance.state === "shutting-down" || instance.state === "terminated") return;
    const reason = { code: "Server.InternalError", message: `Server.InternalError: ${detail}` };
    await this.#end(instance, true);
    this.#change(instance, first ? "shutting-down" : "stopping", reason, "Server.InternalError");
    await (first ? this.#terminated(instance) : this.#haltDone(instance));
  }

  #machineEnded(instance: Instance, machine: Machine, cause: "power-off" | "died", detail: string): void {
    if (this.#machines.get(instance.id) !== machine) return;
    this.#machines.delete(instance.id);
    // What ends while stopping or shutting down is waited for there; what we end ourselves stays recorded.
    if (this.#stopped || (instance.state !== "running" && instance.state !== "pending")) return;
    this.#options.log(`${instance.id}: ${detail}`);
    this.#inBackground(async () => {
      const terminates = cause === "power-off" && instance.shutdownBehavior === "terminate";
      const reason =
        cause === "power-off"
          ? reasons.guestShutdown
          : { code: "Server.InternalError", message: `Server.InternalError: ${detail}` };
      this.#change(instance, terminates ? "shutting-down" : "stopping", reason, reason.code);
      await (terminates ? this.#terminated(instance) : this.#haltDone(instance));
    });
  }

  #enter(instance: Instance, state: InstanceState): void {
    instance.state = state;
    this.#options.onStateChange(instance.id, state);
  }

  #change(instance: Instance, state: InstanceState, reason: Reason, transition: string): void {
    this.#enter(instance, state);
    instance.reason = reason;
    const now = new Date().toISOString();
    instance.transition = `${transition} (${now.slice(0, 10)} ${now.slice(11, 19)} GMT)`;
    this.assignAddress(instance);
  }

  async #end(instance: Instance, hard: boolean): Promise<void> {
    await this.route();
    const machine = this.#machines.get(instance.id);
    if (machine) {
      if (!hard) {
        await machine.pressPowerButton();
        const grace = new AbortController();
        const timeout = wait(shutdownGrace, undefined, { signal: grace.signal }).catch(() => {});
        await Promise.race([machine.ended, timeout]);
        grace.abort();
      }
      await machine.kill();
      this.#machines.delete(instance.id);
    }
    delete instance.pid;
  }

  async #haltDone(instance: Instance): Promise<void> {
    if (instance.state !== "stopping") return;
    this.#enter(instance, "stopped");
    delete instance.pid;
    await this.#settle();
  }

  async #terminated(instance: Instance): Promise<void> {
    const { store, disks } = this.#options;
    this.#enter(instance, "terminated");
    instance.endedAt = new Date().toISOString();
    delete instance.pid;
    for (const address of Object.values(store.state.addresses)) {
      if (address.instanceId !== instance.id) continue;
      delete address.instanceId;
      delete address.associationId;
    }
    delete store.state.networkInterfaces[instance.networkInterfaceId];
    const volume = store.state.volumes[instance.volumeId];
    if (volume?.deleteOnTermination) {
      await disks.deleteVolume(volume.id);
      delete store.state.volumes[volume.id];
      delete store.state.tags[volume.id];
    } else if (volume) {
      delete volume.instanceId;
    }
    await this.#settle();
  }

  async #settle(): Promise<void> {
    await this.#options.store.save();
    await this.route();
  }

  #letsIn(instance: Instance, port: GuestPort): boolean {
    const { networkInterfaces, groups } = this.#options.store.state;
    const ids = networkInterfaces[instance.networkInterfaceId]?.groupIds ?? [];
    return ids.some((id) => groups[id]?.ingress.some((rule) => admits(rule, port)));
  }

  #freeAddress(): string {
    const { addressBlock, store } = this.#options;
    const [lowest, highest] = [10, 250];
    const used = new Set(Object.values(store.state.instances).map((instance) => instance.publicAddress));
    for (let tried = 0; tried <= highest - lowest; tried += 1) {
      // The next one each time, so that an address is not soon another machine's.
      store.state.lastHost =
        store.state.lastHost >= highest ? lowest : Math.max(lowest, store.state.lastHost + 1);
      const address = `${addressBlock}.${store.state.lastHost}`;
      if (!used.has(address)) return address;
    }
    throw new Error(`All of ${addressBlock}.${lowest}–${highest} are in use: terminate instances.`);
  }

  #inBackground(work: () => Promise<void>): void {
    const running = work().catch((error: unknown) => {
      this.#options.log(`EC2: ${error instanceof Error ? error.message : error}`);
    });
    this.#background.add(running);
    void running.finally(() => this.#background.delete(running));
  }
}

/** Whether a rule lets someone on this computer reach a port. */
function admits(rule: Rule, port: number): boolean {
  if (rule.protocol !== "-1" && rule.protocol !== "tcp" && rule.protocol !== "6") return false;
  if (rule.protocol !== "-1" && (port < rule.fromPort || port > rule.toPort)) return false;
  const [network, bits] = rule.cidr.split("/");
  if (!network || isIPv6(network)) return false;
  const block = new BlockList();
  block.addSubnet(network, Number(bits));
  return block.check("127.0.0.1");
}

/** Ends a machine that outlived a killed local cloud, if the process is still that machine. */
async function killLeftOver(pid: number, volumeId: string): Promise<void> {
  const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
  if (!command.includes(volumeId)) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
  for (let tries = 0; tries < 100; tries += 1) {
    if (!(await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => ""))) return;
    await wait(20);
  }
}
