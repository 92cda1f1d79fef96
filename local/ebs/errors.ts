import { AwsError } from "../service.ts";

/** A ValidationException with one of the reasons that the EBS direct APIs give. */
export function invalid(reason: string, message: string): AwsError {
  return new AwsError("ValidationException", message, 400, { Message: message, Reason: reason });
}

/** The snapshot is not there. */
export function snapshotNotFound(id: string): AwsError {
  const message = `The snapshot '${id}' does not exist.`;
  return new AwsError("ResourceNotFoundException", message, 404, {
    Message: message,
    Reason: "SNAPSHOT_NOT_FOUND",
  });
}

/** A client token that was used with other parameters. */
export function conflict(): AwsError {
  const message = "The request parameters differ from those of the first request with this client token.";
  return new AwsError("ConflictException", message, 409, { Message: message });
}
