import { readAhead } from "../disk/read-ahead.ts";
import { slice } from "../disk/source.ts";
import { sha256 } from "../sha256.ts";
import type { EncodedCoding, PackedObject } from "./pack-record.ts";
import type { KeptArchive } from "./spool-kept.ts";
import { encodedCodings } from "./variants.ts";

/** The forms of an archive that is kept, by the digest of what they stand for. */
export interface KeptForms {
  /** Each form that was made: its bytes, or null where it saved too little. Undefined: nothing was made of it. */
  read(digest: string): Promise<ReadonlyMap<EncodedCoding, Buffer | null> | undefined>;
}

/** The forms in a kept archive that this encoder made; undefined when it made none. Damaged ones are left out. */
export function keptForms(kept: KeptArchive, encoder: string): KeptForms | undefined {
  if (kept.record.encoder !== encoder) return undefined;
  const known = new Map<string, NonNullable<PackedObject["forms"]>>();
  for (const { digest, forms } of kept.record.objects) {
    if (forms !== undefined) known.set(digest, { ...known.get(digest), ...forms });
  }
  const { size } = kept.archive;
  const archive = readAhead(slice(kept.archive, kept.base, size - kept.base));
  return {
    async read(digest) {
      const forms = known.get(digest);
      if (forms === undefined) return undefined;
      const found = new Map<EncodedCoding, Buffer | null>();
      const reads = encodedCodings.map(async (coding) => {
        const form = forms[coding];
        if (form === null) found.set(coding, null);
        if (!form) return;
        const [length, offset, expected] = form;
        const bytes = await archive.read(offset, length);
        if (sha256(bytes) === expected) found.set(coding, bytes);
      });
      await Promise.all(reads);
      return found;
    },
  };
}
