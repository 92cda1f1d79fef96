import { createHash, randomUUID } from "node:crypto";
import type { Reason } from "../records.ts";
import { setting } from "../settings.ts";
import { REQUESTS_PREFIX, requestDeployment, starterFor, type TurnWorld } from "../turn.ts";
import { objectStore } from "./bucket.ts";
import { executionLife, startExecution } from "./executions.ts";

/** The turn protocol's world on AWS: the state bucket, Step Functions, the clock. */
export function turnWorld(): TurnWorld {
  return { store: objectStore(setting("STATE_BUCKET")), now: () => Date.now(), life: executionLife };
}

/** Where a request of a kind is kept. Requests of one kind merge; a rollback is one of its own. */
function requestKey(kind: Reason, nonce: string): string {
  return kind === "rollback" ? `${REQUESTS_PREFIX}rollback/${nonce}.json` : `${REQUESTS_PREFIX}${kind}.json`;
}

/** Writes a request and makes sure that an execution works it off. One S3 write. */
export async function deploy(kind: Reason, parameters: Record<string, unknown> = {}): Promise<void> {
  const nonce = randomUUID();
  const body = { kind, ...parameters, at: new Date().toISOString() };
  await start(kind, await requestDeployment(turnWorld(), { key: requestKey(kind, nonce), body, nonce }));
}

/** Starts an execution for requests that are written already, unless one that lives will find them. */
export async function workOff(why: string): Promise<void> {
  await start(why, await starterFor(turnWorld(), randomUUID()));
}

/** Starts the next turn after one that ended; `after` names the ended one, so that it is started once. */
export async function goRound(after: string): Promise<string> {
  const name = `next-${createHash("sha256").update(after).digest("hex").slice(0, 32)}`;
  await startExecution(setting("DEPLOY_MACHINE"), name, { why: "requests waited" });
  return name;
}

async function start(why: string, starter: { startAs: string } | undefined): Promise<void> {
  if (starter === undefined) return;
  await startExecution(setting("DEPLOY_MACHINE"), `${why}-${starter.startAs}`.slice(0, 80), { why });
}
