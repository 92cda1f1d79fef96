import { AwsError } from "../service.ts";

/** The errors of S3, with its own codes and texts. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */

/** 404: there is no bucket of this name. */
export function noSuchBucket(name: string): AwsError {
  return new AwsError("NoSuchBucket", "The specified bucket does not exist", 404, { BucketName: name });
}

/** 404: there is no object of this key. */
export function noSuchKey(key: string): AwsError {
  return new AwsError("NoSuchKey", "The specified key does not exist.", 404, { Key: key });
}

/** 404: there is no open upload of this id. */
export function noSuchUpload(id: string): AwsError {
  const text =
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
  return new AwsError("NoSuchUpload", text, 404, { UploadId: id });
}

/** 412: the condition named by this header does not hold. */
export function preconditionFailed(condition: string): AwsError {
  const text = "At least one of the pre-conditions you specified did not hold";
  return new AwsError("PreconditionFailed", text, 412, { Condition: condition });
}

/** 304: the reader has this version already. */
export function notModified(): AwsError {
  return new AwsError("NotModified", "Not Modified", 304);
}

/** 409: a bucket can only be deleted when nothing is in it. */
export function bucketNotEmpty(name: string): AwsError {
  return new AwsError("BucketNotEmpty", "The bucket you tried to delete is not empty", 409, {
    BucketName: name,
  });
}

/** 400: a part that was named to complete an upload is missing or another one. */
export function invalidPart(number: number): AwsError {
  const text =
    "One or more of the specified parts could not be found. The part may not have been uploaded, " +
    "or the specified entity tag may not match the part's entity tag.";
  return new AwsError("InvalidPart", text, 400, { PartNumber: number });
}

/** 400: parts must be named in ascending order. */
export function invalidPartOrder(): AwsError {
  return new AwsError("InvalidPartOrder", "The list of parts was not in ascending order.", 400);
}

/** 400: every part but the last needs 5 MiB. */
export function entityTooSmall(number: number): AwsError {
  const text = "Your proposed upload is smaller than the minimum allowed size";
  return new AwsError("EntityTooSmall", text, 400, { PartNumber: number });
}

/** 400: one PUT takes 5 GiB at most. */
export function entityTooLarge(): AwsError {
  return new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400);
}

/** 400: the body ended before its announced length. */
export function incompleteBody(): AwsError {
  const text = "You did not provide the number of bytes specified by the Content-Length HTTP header";
  return new AwsError("IncompleteBody", text, 400);
}

/** 400: the body is not what its checksum says. */
export function badDigest(what: string): AwsError {
  return new AwsError("BadDigest", `The ${what} you specified did not match the calculated checksum.`, 400);
}

/** 416: the range lies outside the object. */
export function invalidRange(size: number): AwsError {
  return new AwsError("InvalidRange", "The requested range is not satisfiable", 416, {
    ActualObjectSize: size,
  });
}

/** 400: an argument is wrong, in these words. */
export function invalidArgument(text: string): AwsError {
  return new AwsError("InvalidArgument", text, 400);
}

/** Buckets belong to their owner alone: nobody gets rights by an ACL. */
export function aclNotSupported(): AwsError {
  return new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400);
}
