import { randomUUID } from "node:crypto";
import type { ObjectStore } from "../objects.ts";
import type { Reason } from "../releases/records.ts";
import { setting } from "../settings.ts";
import { sha256 } from "../sha256.ts";
import {
  type NewRequest,
  REQUESTS_PREFIX,
  requestDeployment,
  starterFor,
  type TurnWorld,
  writeRequest,
} from "../turn.ts";
import { executionLife, startExecution } from "./executions.ts";
import { stateStore } from "./state-store.ts";

/** The turn protocol's world on AWS: the state bucket, Step Functions, the clock. */
export function turnWorld(): TurnWorld {
  return { store: stateStore(), now: () => Date.now(), life: executionLife };
}

/** The kinds of requests of which all that wait are one. A rollback is one of its own. */
type Merging = Exclude<Reason, "rollback">;

/** Writes a request and makes sure that an execution works it off. One S3 write. */
export async function deploy(kind: Merging): Promise<void> {
  await start(kind, await requestDeployment(turnWorld(), requestOf(kind)));
}

/** Writes a request and starts nobody: for the owner of the turn, who goes round when requests wait. */
export async function leaveRequest(store: ObjectStore, kind: Merging): Promise<void> {
  await writeRequest(store, requestOf(kind));
}

function requestOf(kind: Merging): NewRequest {
  const body = { kind, at: new Date().toISOString() };
  return { key: `${REQUESTS_PREFIX}${kind}.json`, body, nonce: randomUUID() };
}

/**
 * Asks for a rollback to a release and returns the request's key. Rollbacks are worked off one by one, in the
 * order of their keys: that in which they were asked for.
 */
export async function askForRollback(to: number): Promise<string> {
  const nonce = randomUUID();
  const at = new Date().toISOString();
  const key = `${REQUESTS_PREFIX}rollback/${at.replaceAll(/\D/g, "")}-${nonce}.json`;
  const body = { kind: "rollback", to, at };
  await start("rollback", await requestDeployment(turnWorld(), { key, body, nonce }));
  return key;
}

/** Starts an execution for requests that are written already, unless one that lives will find them. */
export async function workOff(why: string): Promise<void> {
  await start(why, await starterFor(turnWorld(), randomUUID()));
}

/** Starts the next turn after one that ended; `after` names that turn's owner or run, so that it is started once. */
export async function goRound(after: string): Promise<string> {
  const name = `next-${sha256(after).slice(0, 32)}`;
  await startExecution(setting("DEPLOY_MACHINE"), name, { why: "requests waited" });
  return name;
}

async function start(why: string, starter: { startAs: string } | undefined): Promise<void> {
  if (starter === undefined) return;
  await startExecution(setting("DEPLOY_MACHINE"), `${why}-${starter.startAs}`.slice(0, 80), { why });
}
