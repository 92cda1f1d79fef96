import { stateStore } from "../lib/aws/state-store.ts";
import { putJson } from "../lib/objects.ts";
import { LIVE_KEY } from "../lib/releases/object-keys.ts";
import { readLive, updateRelease } from "../lib/releases/stored.ts";
import { step } from "../lib/step.ts";
import { assertTurn } from "../lib/turn.ts";

/** The bucket lists differently but packs to the live archive: the live release takes the listing as its own. */
export const handler = step("adopt-listing", async ({ execution, release, listing, archive }) => {
  const store = stateStore();
  const live = await readLive(store);
  await assertTurn(store, execution);
  if (live !== undefined && live.value.archive.digest === archive.digest) {
    // Other content came to the bucket, so a rollback holds nothing any more.
    const { held: _, ...value } = live.value;
    await putJson(store, LIVE_KEY, { ...value, listing }, { etag: live.etag });
  }
  await updateRelease(store, release, { status: "unchanged", endedAt: new Date().toISOString() });
  return { message: `Nothing to do: release ${live?.value.release ?? "?"} serves the same bytes already.` };
});
