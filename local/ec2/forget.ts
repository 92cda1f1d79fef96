import type { Cloud } from "./cloud.ts";

/** How long a terminated instance is still described, in ms: about an hour, as on EC2. */
const remembered = 3_600_000;

/** Forgets what EC2 would not describe any more: instances an hour after they were terminated. */
export async function forget({ store, disks }: Cloud): Promise<void> {
  const now = Date.now();
  for (const instance of Object.values(store.state.instances)) {
    if (instance.state !== "terminated" || now - Date.parse(instance.endedAt ?? "") < remembered) continue;
    delete store.state.instances[instance.id];
    delete store.state.tags[instance.id];
    delete store.state.tags[instance.networkInterfaceId];
    await disks.deleteConsole(instance.id);
  }
}
