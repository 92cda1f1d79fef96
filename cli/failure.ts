/** What `mirage-pages` ends with; told by its --help. */
export const ExitCode = {
  /** It did what was asked, or found that nothing was to be done. */
  done: 0,
  /** It did not, or what it was asked about is not as it should be; the output says what to do. */
  failed: 1,
  /** The command line is wrong: nothing was begun. */
  usage: 2,
  /** Ctrl-C: what was begun on AWS goes on; the output says what. */
  interrupted: 130,
} as const;

/** A command cannot go on; the message says what is wrong and what to do. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** Somebody pressed Ctrl-C; the message says what goes on without us. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** What AWS's services call it when credentials may not do something. */
const DENIED = [
  "AccessDenied",
  "AccessDeniedException",
  "UnauthorizedOperation",
  "AuthorizationErrorException",
];

/** What the network's errors are called (https://nodejs.org/api/errors.html#common-system-errors). */
const NETWORK = [
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"],
  ...["EHOSTUNREACH", "ENETUNREACH", "ENETDOWN"],
];

/** Why AWS gave no answer, or none that counts; undefined for an error that is its answer. Pure. */
export function unanswered(error: Error): string | undefined {
  const {
    name,
    message,
    code = "",
    $metadata,
  } = error as NodeJS.ErrnoException & {
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  // Of several addresses tried there is no one message.
  if (NETWORK.includes(code)) return message || code;
  if (name === "TimeoutError") return message;
  if (/Throttl|TooManyRequests|SlowDown/.test(name)) return `${name}: too many requests`;
  const { httpStatusCode = 0 } = $metadata ?? {};
  return httpStatusCode >= 500 && httpStatusCode !== 501 ? `${name}, ${httpStatusCode}` : undefined;
}

/** An error of AWS that a person can do something about, as CommandFailed; every other one as it is. Pure. */
export function inWords(error: Error): Error {
  if (error instanceof CommandFailed) return error;
  const why = unanswered(error);
  if (why !== undefined) {
    const todo = "Look at the network, and at --region and --endpoint where they are given; then ask again.";
    return new CommandFailed(`AWS does not answer: ${why}\n${todo}`, { cause: error });
  }
  if (!DENIED.includes(error.name)) return error;
  return new CommandFailed(
    `AWS does not let these credentials do this: ${error.message}\n` +
      "docs/deployer-policy.json allows it; --profile names other credentials.",
    { cause: error },
  );
}
