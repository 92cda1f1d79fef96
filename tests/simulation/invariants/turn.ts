import type { Carried } from "../cloud/calls.ts";
import { STATE_BUCKET, type Watcher, type World } from "../world.ts";

/** Calls that change what other deployments see. */
const MUTATIONS = new Set([
  ...["RunInstances", "TerminateInstances", "StopInstances", "StartInstances", "AssociateAddress"],
  ...[
    "RegisterImage",
    "DeregisterImage",
    "DeleteSnapshot",
    "ImportSnapshot",
    "ImportImage",
    "CancelImportTask",
  ],
]);
/** Longer than any take-over takes: the turn of a dead owner, 60 s, the next run of reconcile, and its faults. */
const ORPHANED_MS = 3_600_000;

/**
 * At most one deployment mutates at a time, and no execution ends without releasing its turn or being taken over:
 * what an execution changes, it changes while it has the turn.
 */
export function turnInvariant(world: World): Watcher {
  let deadSince: number | undefined;
  // A late second run of a step may take the turn once more for an execution that let go of it: like a dead
  // owner's, it is taken over.
  const letGo = new Set<string>();
  const keeps = (execution: string) => ownerOf(world) === execution && !letGo.has(execution);
  return {
    onExecution({ arn, status }) {
      if (status !== "SUCCEEDED" || !keeps(arn)) return;
      world.violate("turn", `${arn} has ended well and kept its turn.`);
    },
    onReturn({ name, execution }) {
      if (name !== "release-turn" || execution === undefined || !keeps(execution)) return;
      world.violate("turn", `${execution} was to let go of its turn and has it still.`);
    },
    onCarried({ action, asked, status, invocation }: Carried) {
      const owner = ownerOf(world);
      const running = owner !== undefined && world.engine.execution(owner).status === "RUNNING";
      if (owner === undefined || running) deadSince = undefined;
      else deadSince ??= world.clock.now;
      if (deadSince !== undefined && world.clock.now - deadSince > ORPHANED_MS) {
        world.violate("turn", `The turn has belonged to ${owner}, which has ended, for more than an hour.`);
      }
      const { execution } = invocation ?? {};
      if (execution === undefined) return;
      const onLock = asked.url.startsWith(`/${STATE_BUCKET}/turn/lock.json`);
      if (onLock && asked.method === "DELETE" && status < 300) letGo.add(execution);
      if (owner === execution) return;
      const commits = asked.method === "PUT" && asked.url.startsWith(`/${STATE_BUCKET}/live.json`);
      if (!commits && !MUTATIONS.has(action)) return;
      // Nobody else is at work while the turn is free.
      if (owner === undefined) return;
      world.violate("turn", `${invocation?.name} of ${execution} did ${action} while ${owner} had the turn.`);
    },
  };
}

/** The execution that has the turn. */
export function ownerOf(world: World): string | undefined {
  const text = world.stateText("turn/lock.json");
  return text === undefined ? undefined : (JSON.parse(text) as { owner: string }).owner;
}
