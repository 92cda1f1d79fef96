import type { ObjectStore } from "../objects.ts";
import { setting } from "../settings.ts";
import { objectStore } from "./bucket.ts";

/** The documents of the stack's state bucket, for a function. */
export function stateStore(): ObjectStore {
  return objectStore(setting("STATE_BUCKET"));
}
