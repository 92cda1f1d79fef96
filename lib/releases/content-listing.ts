import { listBucket } from "../aws/bucket.ts";
import { listingDigest } from "../site/listing.ts";
import { contentOf } from "../site/settled.ts";

/** The digest of what the content bucket lists now. */
export async function contentListing(bucket: string): Promise<string> {
  return listingDigest(contentOf(await listBucket(bucket)));
}
