import { type FileHandle, open } from "node:fs/promises";
import { type ArchiveIndex, bodyOf, readIndex } from "../../../lib/archive/reader.ts";
import { type IndexEntry, isRedirect, type Representation } from "../../../lib/archive/site-index.ts";
import { type Partition, readPartitions } from "../../../lib/disk/partitions.ts";
import { fileSource, type Source, slice } from "../../../lib/disk/source.ts";
import { type Identity, readIdentity } from "../../../lib/identity/identity.ts";
import { type HtmlHandling, otherNames } from "../../../lib/site/html-handling.ts";
import { encodePath } from "../../../lib/site/url.ts";
import { fatHolds } from "../fat.ts";

/** Nothing on this disk can be started; the message is what a console would say. */
export class NotBootable extends Error {
  override readonly name = "NotBootable";
}

/** A disk as a machine reads it (docs/archive.md). */
export interface BootedDisk {
  readonly identity: Identity;
  readonly entries: readonly IndexEntry[];
  /** The entry that answers at a decoded path; the rules of the site are not looked at. */
  lookUp(path: string): IndexEntry | undefined;
  body(representation: Representation): Source;
  close(): Promise<void>;
}

const partitionTypes = {
  boot: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
  identity: "4D495241-4745-4944-8000-000000000001",
  site: "4D495241-4745-5349-8000-000000000001",
} as const;

/** No identity is larger than this: a chain, a key and a few lines. */
const largestIdentity = 1024 * 1024;

/**
 * Reads a disk as firmware and unikernel do: firmware finds EFI/BOOT/BOOTX64.EFI on the EFI system partition,
 * the unikernel its identity and its site. Throws NotBootable.
 */
export async function bootDisk(file: string): Promise<BootedDisk> {
  const handle = await open(file, "r");
  try {
    return await boot(handle);
  } catch (error) {
    await handle.close();
    throw error instanceof NotBootable
      ? error
      : new NotBootable(error instanceof Error ? error.message : `${error}`);
  }
}

async function boot(handle: FileHandle): Promise<BootedDisk> {
  const disk = fileSource(handle, (await handle.stat()).size);
  const partitions = await readPartitions(disk);
  const efi = find(disk, partitions, "boot");
  if (!(await fatHolds(efi, ["EFI", "BOOT", "BOOTX64.EFI"]))) {
    throw new NotBootable("BdsDxe: No bootable option or device was found.");
  }
  const identityPart = find(disk, partitions, "identity");
  const identity = readIdentity(await identityPart.read(0, Math.min(identityPart.size, largestIdentity)));
  const part = find(disk, partitions, "site");
  if (identity.archive.bytes > part.size) {
    throw new NotBootable(
      `The site archive has ${identity.archive.bytes} bytes, its partition ${part.size}.`,
    );
  }
  const archive = slice(part, 0, identity.archive.bytes);
  const index = await readIndex(archive);
  return {
    identity,
    entries: index.entries,
    lookUp: lookUpIn(index),
    body: (representation) => bodyOf(archive, index, representation),
    close: () => handle.close(),
  };
}

function find(disk: Source, partitions: readonly Partition[], name: keyof typeof partitionTypes): Source {
  const found = partitions.find(({ typeGuid }) => typeGuid === partitionTypes[name]);
  if (!found) throw new NotBootable(`The disk has no ${name} partition.`);
  return slice(disk, found.offset, found.bytes);
}

function lookUpIn(index: ArchiveIndex): (path: string) => IndexEntry | undefined {
  const exact = new Map(index.entries.map((entry) => [entry.path, entry]));
  const below = new Map(index.fallbacks.map((entry) => [entry.path, entry]));
  const handling = (index.policies.get("html-handling") ?? "none") as HtmlHandling;
  return (path) => {
    const found = exact.get(path);
    if (found) return found;
    for (const name of otherNames(path, handling)) {
      const page = exact.get(name);
      if (page && !isRedirect(page) && page.type.startsWith("text/html")) {
        return { path, status: 301, headers: [], location: encodePath(name) };
      }
    }
    for (let end = path.lastIndexOf("/"); end >= 0; end = path.lastIndexOf("/", end - 1)) {
      const nearest = below.get(path.slice(0, end + 1));
      if (nearest) return nearest;
      if (end === 0) break;
    }
    return undefined;
  };
}
