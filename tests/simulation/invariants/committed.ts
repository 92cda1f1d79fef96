import type { Carried } from "../cloud/calls.ts";
import { at } from "../cloud/network.ts";
import { STATE_BUCKET, type Watcher, type World } from "../world.ts";

/** The commit point: what is written as live is what the world gets to see at the site's address. */
export function committedInvariant(world: World): Watcher {
  return {
    onCarried({ asked, invocation }: Carried) {
      if (invocation?.name !== "commit" || asked.method !== "PUT") return;
      if (!asked.url.startsWith(`/${STATE_BUCKET}/live.json`)) return;
      const live = world.live();
      const machine = world.machines.running.get(live?.instanceId ?? "");
      // It may have died since it passed its second probe.
      if (machine?.disk === undefined || at(world.stack.address) === machine) return;
      world.violate(
        "committed",
        `Release ${live?.release} is live, but the address still leads to another machine.`,
      );
    },
  };
}
