import type { Source } from "../disk/source.ts";
import type { EncodedCoding, PackedForm, PackedObject, PackRecord } from "./pack-record.ts";
import { memberBytes, planSpool, type SpooledBody, type SpoolPlan } from "./spool.ts";

/** An archive from which the next one takes what has not changed. */
export interface KeptArchive {
  readonly archive: Source;
  /** Where its offsets count from. */
  readonly base: number;
  readonly record: PackRecord;
}

/** The kept archive is not what its record says. Packed without it, the site is the same. */
export class KeptUnusable extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(`The archive of the live release cannot be used for the next one: ${detail}.`, options);
    this.name = "KeptUnusable";
  }
}

/** Bytes of the archive that stand in the kept one as well, each counted from its archive's `base`. */
export interface KeptRun {
  readonly offset: number;
  readonly keptOffset: number;
  readonly length: number;
}

/** What the kept archive has of the new one, found by key and by digest. */
export class Kept {
  readonly #objects = new Map<string, { readonly object: PackedObject; readonly offset: number }>();
  readonly #made = new Map<string, NonNullable<PackedObject["forms"]>>();
  readonly #runs: KeptRun[] = [];

  /** `encoder` decides whether the forms that were made are the ones that would be made now. */
  constructor({ encoder, objects }: PackRecord, currentEncoder: string) {
    for (const { object, offset } of planSpool(objects).members) {
      this.#objects.set(object.key, { object, offset });
      const { digest, forms } = object;
      if (encoder === currentEncoder && forms)
        this.#made.set(digest, { ...this.#made.get(digest), ...forms });
    }
  }

  /** What was made of bytes with this digest: null where it saved too little, undefined where nothing is known. */
  made(digest: string, coding: EncodedCoding): PackedForm | undefined {
    return this.#made.get(digest)?.[coding];
  }

  /** The form that the upload brought for these bytes, if it is these very ones and has been seen to fit. */
  brought(key: string, digest: string, coding: EncodedCoding, formDigest: string): PackedForm | undefined {
    const object = this.#objects.get(key)?.object;
    const form = object?.digest === digest ? object.brought?.[coding] : undefined;
    return form?.[2] === formDigest ? form : undefined;
  }

  /** Whether the key's own form stands there: then its member is the same, header and all. */
  isOwn(key: string, coding: EncodedCoding, offset: number): boolean {
    const { forms, brought } = this.#objects.get(key)?.object ?? {};
    return forms?.[coding]?.[1] === offset || brought?.[coding]?.[1] === offset;
  }

  /**
   * The bodies that need not be read: of the same key, size and version. In the plan's order; undefined is what has
   * to be read.
   */
  unchangedBodies({ members }: SpoolPlan): (SpooledBody | undefined)[] {
    return members.map(({ object: { key, size, version } }) => {
      const was = this.#objects.get(key)?.object;
      if (version === undefined || was?.version !== version || was.size !== size) return undefined;
      return { digest: was.digest, cacheControl: was.cacheControl };
    });
  }

  /** Notes the members whose bodies are the same: their headers and places in the list are, too. */
  noteMembers({ members }: SpoolPlan, bodies: readonly SpooledBody[]): void {
    for (const [i, member] of members.entries()) {
      const before = this.#objects.get(member.object.key);
      if (before?.object.size !== member.object.size || before.object.digest !== bodies[i]?.digest) continue;
      this.note(member.offset, before.offset, memberBytes(member));
    }
  }

  /** Notes bytes that stand in both archives, in the order of the new one. */
  note(offset: number, keptOffset: number, length: number): void {
    const last = this.#runs.at(-1);
    if (last && last.offset + last.length === offset && last.keptOffset + last.length === keptOffset) {
      this.#runs[this.#runs.length - 1] = { ...last, length: last.length + length };
    } else {
      this.#runs.push({ offset, keptOffset, length });
    }
  }

  /** Everything that was noted, in order; neighbours are one. */
  get runs(): readonly KeptRun[] {
    return this.#runs;
  }
}
