import type { Watcher, World } from "../world.ts";

/** Longer than EC2 ever hides what was just made. */
const HIDDEN_MS = 45_000;

/** A deployment that has failed leaves everything as it was: the address, and nothing of its release. */
export function undoneInvariant(world: World): Watcher {
  return {
    onReturn({ name, execution }, _event, result) {
      if (name !== "undo" || execution === undefined) return;
      const { outcome, release } = result as { outcome: string; release: number | null };
      const isLive = release !== null && release === world.live()?.release;
      if (isLive !== (outcome === "live")) {
        world.violate(
          "undone",
          `${execution} is told to be ${outcome}; release ${world.live()?.release} is live.`,
        );
      }
      if (outcome === "live") return;
      const { state } = world.ec2.cloud.store;
      const live = world.live();
      const holder = state.addresses[world.stack.allocationId]?.instanceId;
      const alive = state.instances[live?.instanceId ?? ""]?.state === "running";
      if (live !== undefined && alive && holder !== live.instanceId) {
        world.violate(
          "undone",
          `${execution} was undone, but the address is at ${holder}, not at ${live.instanceId}.`,
        );
      }
      const opened = numbersOf(world, execution).filter((number) => number !== live?.release);
      const made = [
        ...Object.values(state.instances).filter(({ state: now }) => now === "running" || now === "stopped"),
        ...Object.values(state.images).map(({ id, createdAt }) => ({ id, launchTime: createdAt })),
        ...Object.values(state.snapshots).map(({ id, startedAt }) => ({ id, launchTime: startedAt })),
      ];
      for (const { id, launchTime } of made) {
        if (!opened.includes(Number(state.tags[id]?.["mirage-pages:release"])) || world.strangers.has(id))
          continue;
        if (world.clock.now - Date.parse(launchTime) < HIDDEN_MS) continue;
        world.violate("undone", `${execution} was undone, but its ${id} is still there.`);
      }
    },
  };
}

function numbersOf(world: World, execution: string): number[] {
  return world
    .releases()
    .filter((release) => release.execution === execution)
    .map(({ number }) => number);
}
