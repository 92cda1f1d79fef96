import * as z from "zod";

/** 64 lower-case hex digits: SHA-256. */
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** A kept site archive in the state bucket, `archives/<digest>.tar`. */
export const archiveSchema = z.object({
  digest: digestSchema,
  bytes: z.int().nonnegative(),
  files: z.int().nonnegative(),
  siteBytes: z.int().nonnegative(),
});
export type Archive = z.infer<typeof archiveSchema>;

/** A kept boot partition, `boot/<build>/boot.img`: `build` is the digest of its inputs, `digest` its own. */
export const bootSchema = z.object({
  build: digestSchema,
  digest: digestSchema,
  bytes: z.int().positive(),
});
export type Boot = z.infer<typeof bootSchema>;

/** What tells one certificate from another; its key never leaves the state bucket and the disk. */
export const certificateSchema = z.object({
  serial: z.string().regex(/^[0-9a-f]+$/),
  fingerprint: digestSchema,
  notBefore: z.iso.datetime(),
  notAfter: z.iso.datetime(),
  names: z.array(z.string()),
  selfSigned: z.boolean(),
});
export type Certificate = z.infer<typeof certificateSchema>;

export const imageSchema = z.object({ imageId: z.string(), snapshotId: z.string() });
export type Image = z.infer<typeof imageSchema>;

export const reasonSchema = z.enum(["content", "certificate", "rebuild", "replace", "rollback"]);
export type Reason = z.infer<typeof reasonSchema>;

const filesSchema = z.object({
  files: z.int().nonnegative(),
  /** Of removed files those they had, of all others those they have now. */
  bytes: z.int().nonnegative(),
  /** The first of their keys, in byte order. */
  first: z.array(z.string()),
});

/** What a release changes of the files that are served; the site's own rule files count as files. */
export const changesSchema = z.object({
  /** The release that was live before; there is none before the first. */
  since: z.int().positive().optional(),
  added: filesSchema,
  changed: filesSchema,
  removed: filesSchema,
});
export type Changes = z.infer<typeof changesSchema>;

/** One attempt to make an archive with a certificate live: `releases/<number>.json`. */
export const releaseSchema = z.object({
  number: z.int().positive(),
  reason: reasonSchema,
  execution: z.string(),
  startedAt: z.iso.datetime(),
  /** "restored": a rollback whose kept machine serves again, under the number of its own release. */
  status: z.enum(["preparing", "live", "restored", "unchanged", "failed"]),
  /** The release that a rollback goes back to. */
  to: z.int().positive().optional(),
  listing: digestSchema.optional(),
  archive: archiveSchema.optional(),
  boot: bootSchema.optional(),
  certificate: certificateSchema.optional(),
  image: imageSchema.optional(),
  instanceId: z.string().optional(),
  /** Absent where it cannot be told: before packing, or when nothing is known of what was live before. */
  changes: changesSchema.optional(),
  /** What of the site's own rules is not done, a line each. */
  findings: z.array(z.string()).optional(),
  endedAt: z.iso.datetime().optional(),
  failure: z.object({ error: z.string(), cause: z.string() }).optional(),
});
export type Release = z.infer<typeof releaseSchema>;

/** A rollback holds the site: the bucket's content, which is not what is served, is not deployed again. */
const heldSchema = z.object({
  /** What the bucket lists that was live before the rollback, and the release that served it. */
  listing: digestSchema,
  release: z.int().positive(),
  since: z.iso.datetime(),
});
export type Held = z.infer<typeof heldSchema>;

/** What is served now: `live.json`. Writing it is the commit. */
export const liveSchema = z.object({
  release: z.int().positive(),
  since: z.iso.datetime(),
  listing: digestSchema,
  archive: archiveSchema,
  boot: bootSchema,
  certificate: certificateSchema,
  image: imageSchema,
  instanceId: z.string(),
  held: heldSchema.optional(),
});
export type Live = z.infer<typeof liveSchema>;

/** The last content that could not be made live, so that it is not tried again and again: `refused.json`. */
export const refusedSchema = z.object({
  listing: digestSchema,
  error: z.string(),
  cause: z.string(),
  at: z.iso.datetime(),
  times: z.int().positive(),
  /** The content itself was refused: only other content helps. */
  content: z.boolean(),
});
export type Refused = z.infer<typeof refusedSchema>;
