import { accountId } from "../../../local/account.ts";
import { ebsService } from "../../../local/ebs/service.ts";
import { Snapshots } from "../../../local/ebs/snapshots.ts";
import type { Cloud, ReadObject } from "../../../local/ec2/cloud.ts";
import { Disks } from "../../../local/ec2/disks.ts";
import { Fleet } from "../../../local/ec2/fleet.ts";
import { Imports } from "../../../local/ec2/import/imports.ts";
import { networkProvider } from "../../../local/ec2/provider.ts";
import { ec2Service } from "../../../local/ec2/service.ts";
import type { InstanceState } from "../../../local/ec2/state.ts";
import { Store } from "../../../local/ec2/store.ts";
import type { Provisioned, Service } from "../../../local/service.ts";
import type { SimulatedMachines } from "./machines.ts";

export interface SimulatedEc2 {
  readonly cloud: Cloud;
  readonly services: readonly Service[];
  provision(type: string, properties: Record<string, unknown>): Promise<Provisioned>;
}

/** The local EC2 and its EBS direct APIs over files in memory and machines that are simulated. */
export async function simulatedEc2(options: {
  readonly machines: SimulatedMachines;
  readonly readObject: ReadObject;
  readonly onStateChange: (instanceId: string, state: InstanceState) => void;
  readonly log: (line: string) => void;
}): Promise<SimulatedEc2> {
  const { machines: kind, readObject, onStateChange, log } = options;
  const store = await Store.open("/ec2");
  const disks = new Disks(store);
  const snapshots = new Snapshots(store, disks);
  const fleet = new Fleet({ store, disks, kind, addressBlock: "127.80.0", log, onStateChange });
  const imports = new Imports({ store, disks, snapshots, readObject, log });
  const cloud: Cloud = { store, disks, snapshots, fleet, imports, mayImport: () => true };
  const provider = networkProvider(cloud, { accountId, region: "us-east-1" });
  let made = 0;
  return {
    cloud,
    services: [ec2Service(cloud), ebsService(store, snapshots)],
    provision(type, properties) {
      made += 1;
      return provider.provision({ stack: "simulated", logicalId: `Resource${made}`, type, properties });
    },
  };
}
