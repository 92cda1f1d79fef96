import { stateStore } from "../lib/aws/state-store.ts";
import { currentCertificate } from "../lib/certificates/current.ts";
import { NothingToDeploy } from "../lib/errors.ts";
import { noChanges } from "../lib/releases/changes.ts";
import { readListing } from "../lib/releases/listings.ts";
import type { Release } from "../lib/releases/records.ts";
import { openRelease, readLive } from "../lib/releases/stored.ts";
import { certificateNames, setting } from "../lib/settings.ts";
import { checkListing } from "../lib/site/listing.ts";
import { step } from "../lib/step.ts";

/**
 * Decides what a request takes: nothing, or a new release of the bucket's content, or one of the live
 * archive (a certificate, a rebuild, a dead machine). Refuses content that cannot be a site.
 */
export const handler = step("plan", async ({ execution, request, listing }) => {
  const store = stateStore();
  const live = (await readLive(store))?.value;
  const open = (known: Partial<Release> = {}) =>
    openRelease(store, { execution, reason: request.kind, startedAt: new Date().toISOString(), ...known });

  if (request.kind === "content" && listing !== null) {
    if (listing === live?.listing) {
      return { action: "nothing", message: `Release ${live.release} serves just this content already.` };
    }
    if (listing === live?.held?.listing) {
      const message = `Release ${live.release} is held since a rollback: the bucket's content is still that of release ${live.held.release}.`;
      return { action: "nothing", message };
    }
    checkListing(await readListing(store, listing), { allowEmpty: setting("ALLOW_EMPTY") });
    const { number } = await open();
    const certificate = await currentCertificate(store, certificateNames());
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
  const certificate = await currentCertificate(store, certificateNames());
  const renewal = request.kind === "certificate";
  if (renewal && certificate.fingerprint === live.certificate.fingerprint) {
    return { action: "nothing", message: `Release ${live.release} shows the current certificate already.` };
  }
  const { number } = await open({ changes: noChanges(live.release) });
  return {
    action: "deploy",
    pack: false,
    message: `Release ${number} with the content of release ${live.release}`,
    release: number,
    listing: live.listing,
    archive: live.archive,
    certificate,
    // A certificate changes the identity and nothing else, whatever the stack's sources are by now.
    ...(renewal && { boot: live.boot }),
  };
});
