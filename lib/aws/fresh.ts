import { causeText, TransientFault } from "../errors.ts";

const NOT_FOUND = new Set([
  "InvalidAMIID.NotFound",
  "InvalidSnapshot.NotFound",
  "InvalidInstanceID.NotFound",
  // CreateTags'.
  "InvalidID",
]);

/**
 * EC2 is eventually consistent: what was just made may not be found for a while, which passes. Makes such an error a
 * TransientFault, which the state is tried again for; every other one stays what it is. The codes are those of "Error
 * codes for the Amazon EC2 API".
 */
export function notFoundYet(error: unknown, what: string): unknown {
  const passes = error instanceof Error && NOT_FOUND.has(error.name);
  return passes ? new TransientFault(`${what}: ${causeText(error)}`) : error;
}
