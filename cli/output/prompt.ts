import { Interrupted } from "../failure.ts";
import { terminalWidth, wrap } from "./text.ts";

/** The mark before a question, and the space behind it. */
const MARGIN = 2;

/** A question as it fits the terminal, broken between words. */
export function question(text: string): string {
  return wrap(text, (terminalWidth() ?? Number.POSITIVE_INFINITY) - MARGIN).join("\n");
}

/** The answer to a question at the terminal. Throws Interrupted, with what that means, at Ctrl-C. */
export async function asked<T>(ask: () => Promise<T>, meaning: string): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError") throw new Interrupted(meaning);
    throw error;
  }
}
