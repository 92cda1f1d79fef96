import { DeleteBucketCommand, DeleteObjectsCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { s3 } from "../../lib/aws/s3-client.ts";
import { CommandFailed } from "../failure.ts";

/** Deletes every object of a bucket, in every version, and counts them; one that is gone already has none. */
export async function emptyBucket(
  Bucket: string,
  tell: (deleted: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let deleted = 0;
  try {
    // Always the first page: what it listed is gone by the next look. It has a thousand versions, as many as one call deletes.
    for (;;) {
      signal.throwIfAborted();
      const page = await s3().send(new ListObjectVersionsCommand({ Bucket }));
      const Objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
        Key: Key ?? "",
        ...(VersionId !== undefined && { VersionId }),
      }));
      if (Objects.length === 0) return;
      const { Errors = [] } = await s3().send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
      );
      const [first] = Errors;
      if (first !== undefined)
        throw new CommandFailed(`${Errors.length} objects of ${Bucket} stay; ${first.Key}: ${first.Message}`);
      deleted += Objects.length;
      tell(deleted);
    }
  } catch (error) {
    if (!(error instanceof Error && error.name === "NoSuchBucket")) throw error;
  }
}

/** Deletes an empty bucket; one that is gone already is no error. */
export async function deleteBucket(Bucket: string): Promise<void> {
  try {
    await s3().send(new DeleteBucketCommand({ Bucket }));
  } catch (error) {
    if (!(error instanceof Error && error.name === "NoSuchBucket")) throw error;
  }
}
