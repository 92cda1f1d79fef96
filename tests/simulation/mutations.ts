import type { Mutation } from "./hooks.ts";

/** A deliberate fault in the pipeline, and a seed whose history shows it. */
export interface KnownMutation extends Mutation {
  readonly name: string;
  readonly seed: number;
  /** Which invariant it breaks there. */
  readonly breaks: string;
}

/** Every one must be found: a simulator that lets one pass proves nothing about the others. */
export const mutations: readonly KnownMutation[] = [
  {
    name: "undo skipped",
    file: "functions/undo.ts",
    text: "if (release !== undefined && release.number !== live?.release) {",
    becomes: "if (release !== undefined && release.number < 0) {",
    seed: 0,
    breaks: "undone",
  },
  {
    name: "address not given back",
    file: "functions/undo.ts",
    text: "if (live !== undefined) await giveAddressBack(live.instanceId);",
    becomes: "",
    seed: 0,
    breaks: "address",
  },
  {
    name: "every failure remembered as refused content",
    file: "functions/undo.ts",
    text: "const content = refusalNames.includes(told.error);",
    becomes: "const content = true;",
    seed: 0,
    breaks: "rest",
  },
  {
    name: "lock not released",
    file: "functions/release-turn.ts",
    text: "await releaseTurn(store, execution)",
    becomes: 'await store.list("requests/")',
    seed: 0,
    breaks: "turn",
  },
  {
    name: "pending mark ignored",
    file: "functions/release-turn.ts",
    text: "waiting.length === 0 ? {}",
    becomes: "waiting.length >= 0 ? {}",
    seed: 0,
    breaks: "prompt",
  },
  {
    name: "request crossed off in whatever version",
    file: "lib/turn.ts",
    text: "await store.delete(key, { etag });",
    becomes: "await store.delete(key);",
    seed: 0,
    breaks: "prompt",
  },
  {
    name: "lock taken without a condition",
    file: "lib/turn.ts",
    text: "await putJson(world.store, LOCK_KEY, lock, held === undefined ? { absent: true } : { etag: held.etag });",
    becomes: "await putJson(world.store, LOCK_KEY, lock);",
    seed: 0,
    breaks: "turn",
  },
  {
    name: "dead owner's functions not waited for",
    file: "lib/turn.ts",
    text: "export const TAKE_OVER_AFTER_SECONDS = 60;",
    becomes: "export const TAKE_OVER_AFTER_SECONDS = 0;",
    seed: 0,
    breaks: "turn",
  },
  {
    name: "lost turn not noticed",
    file: "lib/turn.ts",
    text: `if (held?.value.owner !== owner) {
    throw new TurnLost(`,
    becomes: `if (owner === "") {
    throw new TurnLost(`,
    seed: 0,
    breaks: "turn",
  },
  {
    name: "probe satisfied by silence",
    file: "functions/probe.ts",
    text: "if (!(error instanceof NoAnswer)) throw error;",
    becomes: 'return { ready: true, reason: "", lookedAt: new Date().toISOString() };',
    seed: 0,
    breaks: "address",
  },
  {
    name: "probe accepts any release",
    file: "lib/probe.ts",
    text: "if (answer.status !== 200 || said.release !== release || said.archive !== archive.digest) {",
    becomes: "if (answer.status !== 200) {",
    seed: 0,
    breaks: "committed",
  },
  {
    name: "settled at the first look",
    file: "lib/site/settled.ts",
    text: "return previous === listing && uploads",
    becomes: "return uploads",
    seed: 0,
    breaks: "content",
  },
  {
    name: "objects packed in whatever version",
    file: "lib/aws/bucket.ts",
    text: "...(etag && { IfMatch: etag }) }));",
    becomes: "}));",
    seed: 0,
    breaks: "content",
  },
  {
    name: "live machine retired",
    file: "lib/retention.ts",
    text: "live === undefined || ![live.instanceId, addressHolder].includes(instanceId)",
    becomes: 'instanceId !== ""',
    seed: 0,
    breaks: "address",
  },
  {
    name: "another execution's release continued",
    file: "lib/records.ts",
    text: "return release?.execution === execution ? release : undefined;",
    becomes: "return release;",
    seed: 0,
    breaks: "rest",
  },
  {
    name: "failures not told",
    file: "functions/notify.ts",
    text: "await sns().send(",
    becomes: 'if (outcome === "live") await sns().send(',
    seed: 0,
    breaks: "notified",
  },
  {
    name: "snapshots never deleted",
    file: "lib/aws/images.ts",
    text: "await ec2().send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));",
    becomes: "",
    seed: 0,
    breaks: "rest",
  },
  {
    name: "changed content taken for the live one",
    file: "functions/plan.ts",
    text: "if (listing === live?.listing) {",
    becomes: "if (live !== undefined) {",
    seed: 0,
    breaks: "rest",
  },
];
