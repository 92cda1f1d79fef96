import { listBucket, openUploads } from "../lib/aws/bucket.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { NeverSettled } from "../lib/errors.ts";
import { listingKey } from "../lib/releases/object-keys.ts";
import { setting } from "../lib/settings.ts";
import { listingDigest } from "../lib/site/listing.ts";
import { contentOf, isSettled } from "../lib/site/settled.ts";
import { step } from "../lib/step.ts";

/** Hours of steady uploading; a look and the wait after it are nine events of at most 25,000. */
export const MAX_ROUNDS = 1500;
/** However long the waits are that the stack asks for, in s. */
const LONGEST = 3 * 60 * 60;

/**
 * Lists the content bucket and tells whether it has come to rest since the round before. The request is
 * read before the listing: a change that comes later writes it anew and so stays waiting.
 */
export const handler = step("settle", async ({ request, previous }) => {
  const store = stateStore();
  const covered = (await store.get(request.key)) ?? { etag: request.etag };
  const uploads = (await openUploads(setting("CONTENT_BUCKET"))).map(({ begun }) => begun);
  const listed = await listBucket(setting("CONTENT_BUCKET"));
  const content = contentOf(listed);
  const listing = listingDigest(content);
  const rounds = previous.rounds + 1;
  const settled = isSettled({ listed, listing, previous: previous.listing, uploads, now: Date.now() });
  if (settled) await store.put(listingKey(listing), JSON.stringify(content));
  const waitSeconds = setting("SETTLE_SECONDS");
  if (!settled && rounds >= Math.min(MAX_ROUNDS, LONGEST / waitSeconds)) {
    throw new NeverSettled(
      `The content bucket was still changing after ${rounds} looks; the live site stays as it is. ` +
        "The next change after the upload has ended deploys it.",
    );
  }
  const bytes = content.reduce((sum, { size }) => sum + size, 0);
  return {
    settled,
    // Step Functions wants a number here; a parameter of the stack would stand in the machine as text.
    waitSeconds,
    listing,
    rounds,
    files: content.length,
    bytes,
    request: { ...request, etag: covered.etag },
  };
});
