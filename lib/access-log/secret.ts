import { randomBytes } from "node:crypto";
import { ConditionFailed, type ObjectStore } from "../objects.ts";
import { padded } from "../releases/object-keys.ts";

/** Where a release's secret lies, which its machine shows its log to. */
export const accessLogSecretKey = (release: number) => `keys/access-log/${padded(release)}`;

/** The secret of a release; undefined when its machine keeps no log. */
export async function accessLogSecret(
  store: Pick<ObjectStore, "get">,
  release: number,
): Promise<string | undefined> {
  return (await store.get(accessLogSecretKey(release)))?.body;
}

/** Finds the secret of a release, or makes one: every attempt at its disk gets the same. */
export async function makeAccessLogSecret(store: ObjectStore, release: number): Promise<string> {
  const made = randomBytes(32).toString("hex");
  try {
    await store.putSecret(accessLogSecretKey(release), made, { absent: true });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
  return (await accessLogSecret(store, release)) ?? made;
}
