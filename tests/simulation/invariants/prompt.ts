import type { Watcher, World } from "../world.ts";
import { listingOf, refusedOf } from "./rest.ts";

/** Events take seconds; what reconcile finds later than this, nobody else would have found. */
const NOTICED_MS = 60_000;
/** Longer than it takes to start an execution, with the slowest calls. */
const UNATTENDED_MS = 30_000;

/** In calm weather an upload is deployed because of its events, and a request at once, because it was made. */
export function promptInvariant(world: World): Watcher {
  let changed = 0;
  let asked = Number.POSITIVE_INFINITY;
  return {
    onContent: () => {
      changed = world.clock.now;
    },
    onCarried() {
      const waiting = world.stateKeys().some((key) => key.startsWith("requests/"));
      const running = world.executions.some(
        ({ status, machineArn }) => status === "RUNNING" && machineArn.endsWith("-deploy"),
      );
      if (!waiting || running) asked = Number.POSITIVE_INFINITY;
      else asked = Math.min(asked, world.clock.now);
      if (world.faults.weather !== "calm" || world.clock.now - asked < UNATTENDED_MS) return;
      const since = new Date(asked).toISOString();
      world.violate("prompt", `A request has waited since ${since}, and nobody works it off.`);
    },
    onReturn({ name }, _event, result) {
      if (name !== "reconcile" || world.faults.weather !== "calm") return;
      const { did } = result as { did: string };
      const changedUnseen = did.includes("content") && world.clock.now - changed > NOTICED_MS;
      // What failed by a fault is tried again by reconcile, and by nobody else.
      if (changedUnseen && refusedOf(world)?.listing !== listingOf(world)) {
        world.violate("prompt", "An upload was noticed by reconcile only.");
      }
    },
  };
}
