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
    name: "lock not released",
    file: "functions/release-turn.ts",
    text: "await releaseTurn(store, execution)",
    becomes: 'await store.list("requests/")',
    seed: 2,
    breaks: "turn",
  },
  {
    name: "probe satisfied by silence",
    file: "functions/probe.ts",
    text: "if (!(error instanceof NoAnswer)) throw error;",
    becomes: 'return { ready: true, reason: "", lookedAt: new Date().toISOString() };',
    seed: 2,
    breaks: "address",
  },
  {
    name: "probe accepts any release",
    file: "lib/probe/probe.ts",
    text: "if (answer.status !== 200 || said.release !== release || said.archive !== archive.digest) {",
    becomes: "if (answer.status !== 200) {",
    seed: 1,
    breaks: "committed",
  },
  {
    name: "settled at the first look",
    file: "lib/site/settled.ts",
    text: "return previous === listing && uploads",
    becomes: "return uploads",
    seed: 18,
    breaks: "content",
  },
  {
    name: "live machine retired",
    file: "lib/releases/retention.ts",
    text: "live === undefined || ![live.instanceId, addressHolder].includes(instanceId)",
    becomes: 'instanceId !== ""',
    seed: 2,
    breaks: "address",
  },
  {
    name: "failures not told",
    file: "functions/notify.ts",
    text: "await tell(notice)",
    becomes: 'outcome === "live" ? await tell(notice) : ""',
    seed: 1,
    breaks: "notified",
  },
  {
    name: "another execution's release continued",
    file: "lib/releases/stored.ts",
    text: "if (newest?.execution === opened.execution) return newest;",
    becomes: "if (newest !== undefined) return newest;",
    seed: 1,
    breaks: "address",
  },
  {
    name: "undo skipped",
    file: "functions/undo.ts",
    text: "await removeRelease(store, release.number);",
    becomes: "",
    seed: 11,
    breaks: "undone",
  },
  {
    name: "address not looked at after its move",
    file: "functions/probe-address.ts",
    text: "const paths = await probe(address, 50);",
    becomes: "const paths = 50;",
    seed: 2,
    breaks: "committed",
  },
  {
    name: "open uploads ignored",
    file: "lib/site/settled.ts",
    text: "uploads.every(",
    becomes: "uploads.slice(0, 0).every(",
    seed: 2,
    breaks: "content",
  },
  {
    name: "rollback holds nothing",
    file: "lib/releases/hold.ts",
    text: "return bucket.listing === listing ? undefined : { ...bucket, since };",
    becomes: "return undefined;",
    seed: 63,
    breaks: "committed",
  },
  {
    name: "held content let go of by any release",
    file: "lib/releases/hold.ts",
    text: 'if (reason !== "rollback") return before.held;',
    becomes: 'if (reason !== "rollback") return undefined;',
    seed: 65,
    breaks: "committed",
  },
];
