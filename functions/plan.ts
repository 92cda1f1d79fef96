import { objectStore } from "../lib/aws/bucket.ts";
import { currentCertificate } from "../lib/certificates.ts";
import { NothingToDeploy } from "../lib/errors.ts";
import { readListing } from "../lib/listings.ts";
import { openRelease, readLive } from "../lib/records.ts";
import { setting } from "../lib/settings.ts";
import { checkListing } from "../lib/site/listing.ts";
import { step } from "../lib/step.ts";

/**
 * Decides what a request takes: nothing, or a new release of the bucket's content, or one of the live
 * archive (a certificate, a rebuild, a dead machine). Refuses content that cannot be a site.
 */
export const handler = step("plan", async ({ execution, request, listing }) => {
  const store = objectStore(setting("STATE_BUCKET"));
  const live = (await readLive(store))?.value;
  const open = () =>
    openRelease(store, { execution, reason: request.kind, startedAt: new Date().toISOString() });

  if (request.kind === "content" && listing !== null) {
    if (listing === live?.listing) {
      return { action: "nothing", message: `Release ${live.release} serves just this content already.` };
    }
    checkListing(await readListing(store, listing), { allowEmpty: setting("ALLOW_EMPTY") });
    const { number } = await open();
    const certificate = await certificateFor(store);
    return {
      action: "deploy",
      pack: true,
      message: `Release ${number}`,
      release: number,
      listing,
      certificate,
    };
  }

  if (live === undefined) {
    throw new NothingToDeploy(
      `A deployment with the reason "${request.kind}" needs a site that is live; upload one to the content bucket first.`,
    );
  }
  const { listing: served, archive } = live;
  const { number } = await open();
  const certificate = await certificateFor(store);
  const message = `Release ${number} with the content of release ${live.release}`;
  return { action: "deploy", pack: false, message, release: number, listing: served, archive, certificate };
});

function certificateFor(store: ReturnType<typeof objectStore>) {
  const names = setting("SITE_NAMES");
  return currentCertificate(store, names.length > 0 ? names : [setting("SITE_ADDRESS")]);
}
