/** What `mirage-pages` ends with. */
export const ExitCode = {
  /** It did what was asked. */
  done: 0,
  /** It did not, or what it was asked about is not as it should be; the output says what to do. */
  failed: 1,
  /** The command line is wrong: nothing was begun. */
  usage: 2,
} as const;

/** A command cannot go on; the message says what is wrong and what to do. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}
