import type { ArchitectureType, BootModeType } from "@aws-sdk/client-ec2";

/** What the local EC2 knows of an instance type (docs.aws.amazon.com/ec2/latest/instancetypes). */
export interface InstanceType {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly burstable: boolean;
  readonly architectures: readonly ArchitectureType[];
  readonly bootModes: readonly BootModeType[];
  readonly hypervisor: "nitro" | "xen";
  /** Where it is offered; in every zone of the region without. */
  readonly zones?: readonly string[];
}

type Platform = Omit<InstanceType, "name" | "vcpus" | "memoryMiB">;
type Sizes = Readonly<Record<string, readonly [vcpus: number, memoryMiB: number]>>;

function family(name: string, platform: Platform, sizes: Sizes): InstanceType[] {
  return Object.entries(sizes).map(([size, [vcpus, memoryMiB]]) => ({
    ...platform,
    ...{ name: `${name}.${size}`, vcpus, memoryMiB },
  }));
}

/** They boot UEFI from NVMe with ENA, as the project's disks need. */
const nitro: Platform = {
  burstable: false,
  architectures: ["x86_64"],
  bootModes: ["legacy-bios", "uefi"],
  hypervisor: "nitro",
};
const arm: Platform = { ...nitro, architectures: ["arm64"], bootModes: ["uefi"] };
const xen: Platform = {
  burstable: true,
  architectures: ["i386", "x86_64"],
  bootModes: ["legacy-bios"],
  hypervisor: "xen",
};

const burstableSizes: Sizes = {
  nano: [2, 512],
  micro: [2, 1024],
  small: [2, 2048],
  medium: [2, 4096],
  large: [2, 8192],
};

/** Those that run the project's disks, and some that do not. */
export const instanceTypes: ReadonlyMap<string, InstanceType> = new Map(
  [
    ...family("t3", { ...nitro, burstable: true }, burstableSizes),
    ...family("t3a", { ...nitro, burstable: true }, burstableSizes),
    ...family("c7i", nitro, { large: [2, 4096], xlarge: [4, 8192] }),
    ...family("m7i", nitro, { large: [2, 8192], xlarge: [4, 16384], "8xlarge": [32, 131072] }),
    // In one zone only, as types are that a region has few of.
    ...family("i4i", { ...nitro, zones: ["a"] }, { large: [2, 16384] }),
    ...family("t4g", { ...arm, burstable: true }, { nano: [2, 512], micro: [2, 1024] }),
    ...family("t2", xen, { nano: [1, 512], micro: [1, 1024] }),
  ].map((type) => [type.name, type]),
);

/** Whether a type is offered in a zone, as "us-east-1a". */
export function isOffered({ zones }: InstanceType, zone: string): boolean {
  return zones === undefined || zones.includes(zone.slice(-1));
}
