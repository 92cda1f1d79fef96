import path from "node:path";
import { ebsService } from "../ebs/service.ts";
import { Snapshots } from "../ebs/snapshots.ts";
import type { MayImport } from "../iam/import-role.ts";
import { accelerator } from "../machines/accelerator.ts";
import type { Machine, MachineKind } from "../machines/machine.ts";
import { nodeMachines } from "../machines/node/machine.ts";
import { qemu } from "../machines/qemu.ts";
import type { Provider, Service } from "../service.ts";
import type { Cloud, ReadObject } from "./cloud.ts";
import { Disks } from "./disks.ts";
import { Fleet } from "./fleet.ts";
import { Imports } from "./import/imports.ts";
import { networkProvider } from "./provider.ts";
import { ec2Service } from "./service.ts";
import type { InstanceState, State } from "./state.ts";
import { Store } from "./store.ts";

export interface Ec2Options {
  /** Directory of the local cloud; EC2 keeps its state, snapshots and volumes in `ec2` below it. */
  readonly dataDir: string;
  /** First three parts of the loopback addresses that are public addresses, as "127.80.0". */
  readonly addressBlock: string;
  /** `qemu` boots the disks; `node` serves what is on them from this process, for fast tests. */
  readonly machineKind: "qemu" | "node";
  readonly readObject: ReadObject;
  readonly mayImport: MayImport;
  /** Owner of what the template makes. Default: twelve zeros. */
  readonly accountId?: string;
  /** Where the template's resources are. Default: us-east-1. */
  readonly region?: string;
  readonly log?: (line: string) => void;
  /** Told when an instance has entered a state, as EventBridge is. */
  readonly onStateChange?: (instanceId: string, state: InstanceState) => void;
}

/** The local EC2 with its EBS direct APIs. `stop` ends machines, listeners and imports; all are resumed. */
export interface Ec2 extends Service, Provider {
  readonly ebs: Service;
  /** What there is, with its tags: what permissions are decided by. */
  readonly state: Readonly<State>;
  stop(): Promise<void>;
  /**
   * Checks that the public addresses can be listened on, then starts what was running when the state was
   * last written. Call it once, before calls come in. Throws AddressUnavailable.
   */
  resume(): Promise<void>;
  /** The machine an instance runs on. Throws Error when it runs on none. */
  machineOf(instanceId: string): Machine;
}

/** Opens the local EC2 on its state. Throws StateUnreadable. */
export async function createEc2(options: Ec2Options): Promise<Ec2> {
  if (!/^127(\.\d{1,3}){2}$/.test(options.addressBlock)) {
    throw new RangeError(
      `addressBlock is "${options.addressBlock}"; it must be three parts of a loopback address.`,
    );
  }
  const log = options.log ?? (() => {});
  const onStateChange = options.onStateChange ?? (() => {});
  const store = await Store.open(path.join(options.dataDir, "ec2"));
  const disks = new Disks(store);
  const snapshots = new Snapshots(store, disks);
  const kind: MachineKind = options.machineKind === "qemu" ? qemu : nodeMachines;
  const fleet = new Fleet({ store, disks, kind, addressBlock: options.addressBlock, log, onStateChange });
  const imports = new Imports({ store, disks, snapshots, readObject: options.readObject, log });
  const { mayImport } = options;
  const cloud: Cloud = { store, disks, snapshots, fleet, imports, mayImport };
  const home = { accountId: options.accountId ?? "000000000000", region: options.region ?? "us-east-1" };
  // Found out while nobody waits for it yet.
  if (options.machineKind === "qemu") void accelerator();
  return {
    ...ec2Service(cloud),
    ...networkProvider(cloud, home),
    ebs: ebsService(store, snapshots),
    state: store.state,
    async resume() {
      await fleet.check();
      await imports.resume();
      await fleet.resume();
    },
    async stop() {
      await imports.stop();
      await fleet.stop();
      await store.save();
    },
    machineOf(instanceId) {
      const machine = fleet.machineOf(instanceId);
      if (!machine) throw new Error(`${instanceId} runs on no machine.`);
      return machine;
    },
  };
}
