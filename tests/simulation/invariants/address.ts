import type { Carried } from "../cloud/calls.ts";
import type { Invocation } from "../cloud/lambda.ts";
import type { Watcher, World } from "../world.ts";

/**
 * Once a first release is live the address always points at a machine that passed its probe for a complete
 * release. Machines die by themselves; the pipeline must never take the one away that serves.
 */
export function addressInvariant(world: World): Watcher {
  const passed = new Set<string>();
  const { allocationId } = world.stack;
  const { state } = world.ec2.cloud.store;
  const holder = () => state.addresses[allocationId]?.instanceId;
  return {
    onReturn({ name }: Invocation, event, result) {
      if (name !== "probe") return;
      const { instanceId } = event as { instanceId: string };
      if ((result as { ready: boolean }).ready) passed.add(instanceId);
    },
    onCarried({ action, invocation }: Carried) {
      if (action !== "AssociateAddress" || invocation === undefined) return;
      const id = holder();
      // Taken back, to the machine that was live all the time, whatever has become of it meanwhile.
      if (invocation.name === "undo" && id === world.live()?.instanceId) return;
      const what = `The address is now at ${id}, which`;
      if (id === undefined || !passed.has(id)) {
        world.violate("address", `${what} passed no probe.`);
        return;
      }
      const served = world.machines.served.get(id);
      const release = state.tags[id]?.["mirage-pages:release"];
      if (served === undefined) {
        world.violate("address", `${what} never served anything.`);
      } else if (String(served.identity.release) !== release) {
        world.violate(
          "address",
          `${what} serves release ${served.identity.release} and was launched for ${release}.`,
        );
      }
    },
    onInstance(id, entered) {
      // What is started again has to prove itself again. One that dies after its probe cannot be known to have.
      if (entered === "running") passed.delete(id);
      if (entered !== "stopping" && entered !== "shutting-down") return;
      if (holder() !== id || world.live() === undefined) return;
      const live = state.instances[world.live()?.instanceId ?? ""];
      // When the live machine is dead nothing that is served can be taken away by going on without it.
      if (live !== undefined && live.id !== id && live.state !== "running") return;
      queueMicrotask(() => {
        const reason = state.instances[id]?.reason?.code;
        if (reason !== "Client.UserInitiatedShutdown" || world.byHand.has(id)) return;
        world.violate(
          "address",
          `The machine ${id}, which has the address, was ended by the pipeline: it is ${entered}.`,
        );
      });
    },
  };
}
