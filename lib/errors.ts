/**
 * Errors that the state machines match by `name`. The message says what is wrong, where, and what to do;
 * it is what a person reads in the execution's output and in the notification.
 */
abstract class DeploymentError extends Error {
  abstract override readonly name: string;
}

/** This execution no longer holds the turn: another one took it over. Nothing may be changed any more. */
export class TurnLost extends DeploymentError {
  override readonly name = "TurnLost";
}

/** AWS could not answer just now (throttling, 5xx, a broken connection): the state is tried again. */
export class TransientFault extends DeploymentError {
  override readonly name = "TransientFault";
}

/** A state got input, or made output, that its contract does not allow: a fault of ours. */
export class ContractViolation extends DeploymentError {
  override readonly name = "ContractViolation";
}

/** The uploads did not come to rest within the limit. */
export class NeverSettled extends DeploymentError {
  override readonly name = "NeverSettled";
}

/** CodeBuild ended without a boot partition; the message ends with the last lines of its log. */
export class BuildFailed extends DeploymentError {
  override readonly name = "BuildFailed";
}

/** The disk import ended badly; the message names the mode to choose instead. */
export class ImportFailed extends DeploymentError {
  override readonly name = "ImportFailed";
}

/** EC2 lost something that the deployment needs (image, snapshot, instance). */
export class ResourceGone extends DeploymentError {
  override readonly name = "ResourceGone";
}

/** The new machine did not answer in time, or went down while it was being probed. */
export class MachineUnreachable extends DeploymentError {
  override readonly name = "MachineUnreachable";
}

/** The new machine answers, but not with what it was made to serve. */
export class WrongAnswer extends DeploymentError {
  override readonly name = "WrongAnswer";
}

/** The site's address belongs to something that is not ours; it is never taken away. */
export class AddressTaken extends DeploymentError {
  override readonly name = "AddressTaken";
}

/** What a request asks for does not exist (a live release, a kept archive). */
export class NothingToDeploy extends DeploymentError {
  override readonly name = "NothingToDeploy";
}

/** The authority gave no certificate; the message has its words and what to do. */
export class OrderFailed extends DeploymentError {
  override readonly name = "OrderFailed";
}

/** Another run works on the order by now. Nothing of it may be changed any more. */
export class OrderLost extends DeploymentError {
  override readonly name = "OrderLost";
}

/** A rollback to a release that is not kept, or that never was one. */
export class NotKept extends DeploymentError {
  override readonly name = "NotKept";
}

const TRANSIENT_NAMES = new Set([
  "ThrottlingException",
  "Throttling",
  "RequestLimitExceeded",
  "RequestThrottledException",
  "TooManyRequestsException",
  "SlowDown",
  "ServiceUnavailable",
  "InternalError",
  "InternalServerException",
  "InternalFailure",
  "RequestTimeout",
  "TimeoutError",
  "ConditionalRequestConflict",
  "OperationAborted",
]);

const TRANSIENT_CODES = new Set(["ECONNRESET", "ECONNREFUSED", "ETIMEDOUT", "EPIPE", "EAI_AGAIN"]);

/** Tells whether an error thrown by the AWS SDK may vanish when the same call is made again. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (TRANSIENT_NAMES.has(error.name)) return true;
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  if (typeof code === "string" && TRANSIENT_CODES.has(code)) return true;
  const status = $metadata?.httpStatusCode ?? 0;
  return status === 429 || (status >= 500 && status !== 501);
}

/** The error's own text, for a message that goes on to say what follows from it. */
export function causeText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Somebody else has the turn just now; this is tried again later. */
export class TurnBusy extends DeploymentError {
  override readonly name = "TurnBusy";
}
