import { Interrupted } from "../failure.ts";

/** The answer to a question at the terminal. Throws Interrupted, with what that means, at Ctrl-C. */
export async function asked<T>(question: () => Promise<T>, meaning: string): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError") throw new Interrupted(meaning);
    throw error;
  }
}
