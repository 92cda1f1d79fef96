import * as z from "zod";
import { ResourceGone } from "../errors.ts";
import { getJson, type ObjectStore } from "../objects.ts";
import { listingKey } from "./object-keys.ts";

const listingSchema = z.array(
  z.object({ key: z.string(), size: z.int().nonnegative(), etag: z.string(), lastModified: z.string() }),
);

/** The listing that settled, as `settle` stored it. Throws ResourceGone. */
export async function readListing(
  store: ObjectStore,
  digest: string,
): Promise<z.infer<typeof listingSchema>> {
  const stored = await getJson(store, listingKey(digest), listingSchema);
  if (stored === undefined) throw new ResourceGone(`The listing ${digest} is no longer kept; deploy again.`);
  return stored.value;
}
