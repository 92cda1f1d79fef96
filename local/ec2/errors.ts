import { AwsError } from "../service.ts";

/*
 * EC2's refusals with EC2's codes and texts, as in "Error codes for the Amazon EC2 API"
 * (docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html) and as the service words them.
 */

const notFoundTexts: Record<string, (id: string) => [code: string, message: string]> = {
  instance: (id) => ["InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`],
  image: (id) => ["InvalidAMIID.NotFound", `The image id '[${id}]' does not exist`],
  snapshot: (id) => ["InvalidSnapshot.NotFound", `The snapshot '${id}' does not exist.`],
  volume: (id) => ["InvalidVolume.NotFound", `The volume '${id}' does not exist.`],
  subnet: (id) => ["InvalidSubnetID.NotFound", `The subnet ID '${id}' does not exist`],
  vpc: (id) => ["InvalidVpcID.NotFound", `The vpc ID '${id}' does not exist`],
  group: (id) => ["InvalidGroup.NotFound", `The security group '${id}' does not exist`],
  networkInterface: (id) => [
    "InvalidNetworkInterfaceID.NotFound",
    `The networkInterface ID '${id}' does not exist`,
  ],
  allocation: (id) => ["InvalidAllocationID.NotFound", `The allocation ID '${id}' does not exist`],
  association: (id) => ["InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`],
  address: (id) => ["InvalidAddress.NotFound", `Address '${id}' not found.`],
  importSnapshotTask: (id) => ["InvalidConversionTaskId", `The import task ID '${id}' does not exist`],
};

/** What a call gets that names something that is not there. */
export function notFound(kind: keyof typeof notFoundTexts, id: string): AwsError {
  const text = notFoundTexts[kind];
  if (!text) throw new TypeError(`No text for a missing ${kind}`);
  return new AwsError(...text(id));
}

/** A parameter has a value that EC2 refuses. */
export function invalidValue(message: string): AwsError {
  return new AwsError("InvalidParameterValue", message);
}

/** Two parameters that exclude each other. */
export function invalidCombination(message: string): AwsError {
  return new AwsError("InvalidParameterCombination", message);
}

/** A parameter that must be there is not. */
export function missing(name: string): AwsError {
  return new AwsError("MissingParameter", `The request must contain the parameter ${name}`);
}

/** The value, or MissingParameter. */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined || value === "") throw missing(name);
  return value;
}
