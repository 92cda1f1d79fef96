import type { Live } from "../../../lib/releases/records.ts";
import type { Carried } from "../cloud/calls.ts";
import { at } from "../cloud/network.ts";
import { STATE_BUCKET, type Watcher, type World } from "../world.ts";

/**
 * The commit point: what is written as live is what the world gets to see at the site's address, and serves what was
 * asked for: a rollback what its release served, and it alone holds the site, which content alone ends.
 */
export function committedInvariant(world: World): Watcher {
  let before: Live | undefined;
  return {
    onCarried({ asked, invocation }: Carried) {
      if (asked.method !== "PUT" || !asked.url.startsWith(`/${STATE_BUCKET}/live.json`)) return;
      const [live, previous] = [world.live(), before];
      before = live;
      if (invocation?.name !== "commit" || live === undefined) return;
      const problem = mistaken(world, live, previous, invocation.execution);
      if (problem !== undefined)
        world.violate("committed", `Release ${live.release} is live, but ${problem}`);
      const machine = world.machines.running.get(live.instanceId);
      // It may have died since it passed its second probe.
      if (machine?.disk === undefined || at(world.stack.address) === machine) return;
      world.violate(
        "committed",
        `Release ${live.release} is live, but the address leads to another machine.`,
      );
    },
  };
}

/** Why what is live is not what its execution was to make so. */
function mistaken(
  world: World,
  live: Live,
  before: Live | undefined,
  execution: string | undefined,
): string | undefined {
  const releases = world.releases();
  const opened = releases.findLast((release) => release.execution === execution);
  const { reason, to } = opened ?? {};
  const target = releases.find(({ number }) => number === to);
  if (reason === "rollback" && live.archive.digest !== target?.archive?.digest)
    return `it does not serve what release ${to} did, which the rollback was for.`;
  const inBucket = before?.held?.listing ?? before?.listing;
  if (reason === "rollback" && live.held === undefined && live.listing !== inBucket)
    return "nothing holds it against what the bucket has, which is to be so after a rollback.";
  if (reason === "content" && live.held !== undefined) return "its content is held off.";
  if (reason !== "rollback" && live.held !== undefined && before?.held === undefined)
    return `it holds the site, though it is for ${reason}.`;
  if (reason !== "rollback" && reason !== "content" && before?.held !== undefined && live.held === undefined)
    return `it has ended what a rollback holds, though it is for ${reason}.`;
  return undefined;
}
