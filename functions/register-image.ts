import { adoptImage, registerImage } from "../lib/aws/images.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import type { Input } from "../lib/contracts.ts";
import { ImportFailed } from "../lib/errors.ts";
import { updateRelease } from "../lib/releases/stored.ts";
import { step } from "../lib/step.ts";
import { assertTurn } from "../lib/turn.ts";

/** Makes the imported snapshot the release's image, or takes over the image that ImportImage made. */
export const handler = step("register-image", async ({ execution, release, imported }) => {
  const store = stateStore();
  await assertTurn(store, execution);
  const image = await register(release, imported);
  await updateRelease(store, release, { image });
  return image;
});

type Imported = Input<"register-image">["imported"];

function register(release: number, { snapshotId, imageId }: Imported) {
  if (imageId !== undefined) return adoptImage(release, imageId);
  if (snapshotId !== undefined) return registerImage(release, snapshotId);
  throw new ImportFailed("The import ended without a snapshot and without an image; deploy again.");
}
