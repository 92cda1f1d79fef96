import * as z from "zod";
import {
  archiveSchema,
  bootSchema,
  certificateSchema,
  digestSchema,
  imageSchema,
  reasonSchema,
} from "../releases/records.ts";
import { attempt, execution, failure, instanceId, release } from "./fields.ts";

/** The request that a turn works off, in the version that the work covers. */
const request = z.object({ kind: reasonSchema, key: z.string(), etag: z.string() });
export type Request = z.infer<typeof request>;

/** What the new machine must prove. */
const expected = z.object({ release, archive: archiveSchema, certificate: certificateSchema });
export type Expected = z.infer<typeof expected>;

const probed = z.object({
  ready: z.boolean(),
  reason: z.string(),
  /** When the look began that this tells of; a function may look several times. */
  lookedAt: z.iso.datetime(),
  address: z.string().optional(),
  paths: z.int().optional(),
});

/** What is to be deployed, under which number; nothing of it where nothing is to be done. */
const planned = z.object({
  message: z.string(),
  release: release.optional(),
  pack: z.boolean().optional(),
  listing: digestSchema.optional(),
  archive: archiveSchema.optional(),
  certificate: certificateSchema.optional(),
  boot: bootSchema.optional(),
});

/** The contracts of the machine that deploys, in its order. */
export const deploy = {
  "take-turn": {
    input: z.object({ execution }),
    output: z.object({
      turn: z.enum(["taken", "wait", "idle", "elsewhere"]),
      waitSeconds: z.int().positive().optional(),
      request: request.nullable(),
      message: z.string(),
    }),
  },
  settle: {
    input: z.object({
      execution,
      request,
      previous: z.object({ listing: digestSchema.nullable(), rounds: z.int().nonnegative() }),
    }),
    output: z.object({
      settled: z.boolean(),
      waitSeconds: z.int().positive(),
      listing: digestSchema,
      rounds: z.int().positive(),
      files: z.int().nonnegative(),
      bytes: z.int().nonnegative(),
      request,
    }),
  },
  plan: {
    input: z.object({ execution, request, listing: digestSchema.nullable() }),
    output: planned.extend({ action: z.enum(["nothing", "deploy"]) }),
  },
  "plan-rollback": {
    input: z.object({ execution, request }),
    // Its release is the rollback's own number; what it deploys bears it.
    output: planned.extend({
      action: z.enum(["nothing", "restore", "deploy"]),
      /** The release that gets its machine back, which shows a certificate of its own. */
      kept: z
        .object({
          release,
          instanceId,
          image: imageSchema,
          certificate: certificateSchema,
          since: z.iso.datetime(),
        })
        .optional(),
    }),
  },
  "start-build": {
    input: z.object({ execution, release }),
    output: z.object({
      done: z.boolean(),
      build: digestSchema,
      boot: bootSchema.optional(),
      buildId: z.string().optional(),
    }),
  },
  "poll-build": {
    input: z.object({ build: digestSchema, buildId: z.string() }),
    output: z.object({
      done: z.boolean(),
      build: digestSchema,
      boot: bootSchema.optional(),
      buildId: z.string(),
    }),
  },
  "pack-site": {
    input: z.object({
      execution,
      release,
      listing: digestSchema,
      boot: bootSchema,
      certificate: certificateSchema,
    }),
    output: z.object({ archive: archiveSchema, unchanged: z.boolean() }),
  },
  "adopt-listing": {
    input: z.object({ execution, release, listing: digestSchema, archive: archiveSchema }),
    output: z.object({ message: z.string() }),
  },
  "start-import": {
    input: z.object({
      execution,
      release,
      archive: archiveSchema,
      boot: bootSchema,
      certificate: certificateSchema,
    }),
    output: z.object({
      mode: z.enum(["direct", "snapshot", "image"]),
      importId: z.string(),
      diskBytes: z.int().positive(),
      writtenBytes: z.int().nonnegative(),
      startedAt: z.iso.datetime(),
    }),
  },
  "poll-import": {
    input: z.object({
      release,
      mode: z.enum(["direct", "snapshot", "image"]),
      importId: z.string(),
      startedAt: z.iso.datetime(),
    }),
    output: z.object({
      done: z.boolean(),
      progress: z.string(),
      snapshotId: z.string().optional(),
      imageId: z.string().optional(),
    }),
  },
  "register-image": {
    input: z.object({
      execution,
      release,
      imported: z.object({ snapshotId: z.string().optional(), imageId: z.string().optional() }),
    }),
    output: imageSchema,
  },
  "launch-instance": {
    input: z.object({ execution, release, attempt, image: imageSchema }),
    output: z.object({ instanceId, attempt, launchedAt: z.iso.datetime() }),
  },
  "start-machine": {
    input: z.object({ execution, instanceId, since: z.iso.datetime() }),
    output: z.object({ instanceId, attempt, launchedAt: z.iso.datetime(), started: z.boolean() }),
  },
  probe: {
    input: z.object({ expected, instanceId, since: z.iso.datetime() }),
    output: probed,
  },
  "discard-machine": {
    input: z.object({ execution, release, attempt, instanceId, failure }),
    output: z.object({ attempt }),
  },
  "move-address": {
    input: z.object({ execution, instanceId }),
    output: z.object({ address: z.string(), movedAt: z.iso.datetime(), previous: instanceId.optional() }),
  },
  "probe-address": {
    input: z.object({ expected, instanceId, since: z.iso.datetime() }),
    output: probed,
  },
  commit: {
    input: z.object({
      execution,
      release,
      listing: digestSchema,
      archive: archiveSchema,
      boot: bootSchema,
      certificate: certificateSchema,
      image: imageSchema,
      instanceId,
    }),
    output: z.object({ outcome: z.literal("live"), release, url: z.url(), message: z.string() }),
  },
  undo: {
    input: z.object({ execution, listing: digestSchema.nullable(), failure }),
    output: z.union([
      z.object({
        outcome: z.literal("failed"),
        error: z.string(),
        cause: z.string(),
        message: z.string(),
        release: release.nullable(),
      }),
      // What failed came after the commit.
      z.object({ outcome: z.literal("live"), release, message: z.string() }),
    ]),
  },
  notify: {
    input: z.object({
      execution,
      outcome: z.enum(["live", "failed"]),
      release: release.nullable(),
      message: z.string(),
    }),
    output: z.object({ subject: z.string() }),
  },
  "release-turn": {
    input: z.object({ execution, request: request.nullable() }),
    output: z.object({ next: z.string().optional() }),
  },
};
