/** Something that the person at the keyboard can put right; the message says how. */
export class CannotStart extends Error {
  override readonly name = "CannotStart";
}

/** The first line of what went wrong, without the noise of a class name. */
export function causeLine(error: Error): string {
  return error.message === "" ? error.name : error.message;
}
