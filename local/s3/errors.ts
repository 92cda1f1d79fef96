import { AwsError } from "../service.ts";

/** The errors of S3, with its own codes and texts. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */

export function noSuchBucket(name: string): AwsError {
  return new AwsError("NoSuchBucket", "The specified bucket does not exist", 404, { BucketName: name });
}

export function noSuchKey(key: string): AwsError {
  return new AwsError("NoSuchKey", "The specified key does not exist.", 404, { Key: key });
}

export function noSuchUpload(id: string): AwsError {
  const text =
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
  return new AwsError("NoSuchUpload", text, 404, { UploadId: id });
}

export function preconditionFailed(condition: string): AwsError {
  const text = "At least one of the pre-conditions you specified did not hold";
  return new AwsError("PreconditionFailed", text, 412, { Condition: condition });
}

export function notModified(): AwsError {
  return new AwsError("NotModified", "Not Modified", 304);
}

export function bucketNotEmpty(name: string): AwsError {
  return new AwsError("BucketNotEmpty", "The bucket you tried to delete is not empty", 409, {
    BucketName: name,
  });
}

export function invalidPart(number: number): AwsError {
  const text =
    "One or more of the specified parts could not be found. The part may not have been uploaded, " +
    "or the specified entity tag may not match the part's entity tag.";
  return new AwsError("InvalidPart", text, 400, { PartNumber: number });
}

export function invalidPartOrder(): AwsError {
  return new AwsError("InvalidPartOrder", "The list of parts was not in ascending order.", 400);
}

export function entityTooSmall(number: number): AwsError {
  const text = "Your proposed upload is smaller than the minimum allowed size";
  return new AwsError("EntityTooSmall", text, 400, { PartNumber: number });
}

export function entityTooLarge(): AwsError {
  return new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400);
}

export function incompleteBody(): AwsError {
  const text = "You did not provide the number of bytes specified by the Content-Length HTTP header";
  return new AwsError("IncompleteBody", text, 400);
}

export function badDigest(what: string): AwsError {
  return new AwsError("BadDigest", `The ${what} you specified did not match the calculated checksum.`, 400);
}

export function invalidRange(size: number): AwsError {
  return new AwsError("InvalidRange", "The requested range is not satisfiable", 416, {
    ActualObjectSize: size,
  });
}

export function invalidArgument(text: string): AwsError {
  return new AwsError("InvalidArgument", text, 400);
}
