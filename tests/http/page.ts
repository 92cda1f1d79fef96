import { ask } from "./case.ts";
import { check, type Target } from "./run.ts";

/** A page that every server of the suite's site answers, whatever else goes on. */
export const page = ask("/style.css", 200, { body: "style.css" });

/** What is wrong with the answer to that page, each with `when` it was asked for; empty when nothing is. Never rejects. */
export async function askPage(target: Target, when: string): Promise<string[]> {
  const problems = await check(target, page).catch((error: Error) => [error.message]);
  return problems.map((problem) => `${when}: ${problem}`);
}
