import { readPartitions } from "../../../lib/disk/partitions.ts";
import { type Source, slice } from "../../../lib/disk/source.ts";
import { fatDirectories } from "../../machines/fat.ts";
import { extHolds } from "./ext.ts";

/*
 * What stands in for VM Import's detection of operating systems. The rule: one of the disk's partitions is
 *   - a FAT with a directory /EFI/<name of a distribution>, or
 *   - an ext2, ext3 or ext4 with /etc/os-release.
 * VM Import looks deeper (kernel, boot loader, fstab); what it refuses in a unikernel's disk is refused here.
 */

const distributions = [
  ...["debian", "ubuntu", "fedora", "centos", "redhat", "rocky", "almalinux", "amzn", "opensuse", "sles"],
  "microsoft",
];

/** The two texts of VM Import's error messages (docs.aws.amazon.com/vm-import/latest/userguide). */
const noPartitions = "ClientError: No valid partitions. Not a valid volume.";
const unknownSystem = "ClientError: Unknown OS / Missing OS files.";

/** Why ImportImage would not make an image of this disk, in AWS's words; undefined when it would. */
export async function refusal(disk: Source): Promise<string | undefined> {
  const partitions = await findPartitions(disk);
  if (partitions.length === 0) return noPartitions;
  for (const partition of partitions) {
    if (await holdsSystem(partition)) return undefined;
  }
  return unknownSystem;
}

async function holdsSystem(partition: Source): Promise<boolean> {
  try {
    const vendors = await fatDirectories(partition, "EFI");
    if (vendors) return vendors.some((name) => distributions.includes(name.toLowerCase()));
    return await extHolds(partition, ["etc", "os-release"]);
  } catch {
    // A file system that cannot be read holds no system that could be found.
    return false;
  }
}

async function findPartitions(disk: Source): Promise<Source[]> {
  if (disk.size < 512) return [];
  const mbr = await disk.read(0, 512);
  if (mbr.readUInt16LE(510) !== 0xaa55) return [];
  if (mbr[450] === 0xee) {
    const table = await readPartitions(disk).catch(() => []);
    return table.map(({ offset, bytes }) => slice(disk, offset, bytes));
  }
  const found: Source[] = [];
  for (let at = 446; at < 510; at += 16) {
    const [first, sectors] = [mbr.readUInt32LE(at + 8), mbr.readUInt32LE(at + 12)];
    const fits = (first + sectors) * 512 <= disk.size;
    if (mbr[at + 4] !== 0 && first > 0 && sectors > 0 && fits)
      found.push(slice(disk, first * 512, sectors * 512));
  }
  return found;
}
