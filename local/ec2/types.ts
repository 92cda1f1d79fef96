/** Memory and processors of the instance types that the local EC2 has (docs.aws.amazon.com/ec2/latest/instancetypes). */
export interface InstanceType {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly burstable: boolean;
}

function family(name: string, burstable: boolean, sizes: Record<string, [vcpus: number, memoryMiB: number]>) {
  return Object.entries(sizes).map(
    ([size, [vcpus, memoryMiB]]): InstanceType => ({ name: `${name}.${size}`, vcpus, memoryMiB, burstable }),
  );
}

const burstableSizes: Record<string, [number, number]> = {
  nano: [2, 512],
  micro: [2, 1024],
  small: [2, 2048],
  medium: [2, 4096],
  large: [2, 8192],
};

/** All x86_64 on Nitro: they boot UEFI from NVMe with ENA, as the project's disks need. */
export const instanceTypes: ReadonlyMap<string, InstanceType> = new Map(
  [
    ...family("t3", true, burstableSizes),
    ...family("t3a", true, burstableSizes),
    ...family("c7i", false, { large: [2, 4096], xlarge: [4, 8192] }),
    ...family("m7i", false, { large: [2, 8192], xlarge: [4, 16384] }),
  ].map((type) => [type.name, type]),
);
