import * as z from "zod";
import type { Coding } from "./site-index.ts";

/** A coding that the packer makes. */
export type EncodedCoding = Exclude<Coding, "identity">;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const bytes = z.int().nonnegative();
/** Size, offset from the archive's `base`, SHA-256. Null in its place: the form was made and saved too little. */
const form = z.tuple([bytes, bytes, digest]);
const made = form.nullable();

const packedObject = z.object({
  key: z.string(),
  size: bytes,
  digest,
  version: z.string().optional(),
  cacheControl: z.string().optional(),
  forms: z.object({ br: made, gzip: made, zstd: made }).partial().optional(),
  /** Forms that lay beside the object and stand for the same bytes. */
  brought: z.object({ br: form, gzip: form, zstd: form }).partial().optional(),
});

/**
 * What an archive was packed from, kept beside it: the next archive takes from it what has not changed.
 * `encoder` names what made the forms; those of another one are made anew. The objects stand in byte order of
 * their keys, so that `planSpool` tells where their members are.
 */
export const packRecordSchema = z.object({
  version: z.literal(1),
  encoder: z.string(),
  /** Of the archive in the state bucket, which bytes are copied from only while it has this ETag. */
  etag: z.string().optional(),
  objects: z.array(packedObject),
  /** The files with the site's own rules: they are not served, and no members. */
  rules: z.array(packedObject.pick({ key: true, size: true, digest: true })).optional(),
});
export type PackRecord = z.infer<typeof packRecordSchema>;
/** A form as the record has it. */
export type PackedForm = z.infer<typeof made>;
export type PackedObject = PackRecord["objects"][number];
