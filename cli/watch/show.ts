import { print } from "../output/text.ts";
import { estimateOf } from "../read/estimate.ts";
import type { Site } from "../read/site.ts";
import { lineAudience, silence } from "./lines.ts";
import type { Audience } from "./watch.ts";

/** An audience, and the end of its show: called whatever came of the deployment. */
export interface Show extends Audience {
  end(): Promise<void>;
}

/** Whether somebody sits before the output: a terminal, and no machine that only looks like one. */
export function isWatched(): boolean {
  return process.stdout.isTTY && !process.env.CI;
}

/**
 * The audience that suits the output: a list that moves in a terminal, plain lines elsewhere, nobody for `json`.
 * `firstState` says what kind of deployment the list estimates.
 */
export async function showFor(site: Site, firstState: string, json: boolean): Promise<Show> {
  const end = async () => {};
  if (json) return { ...silence, end };
  if (!isWatched()) return { ...lineAudience(print), end };
  const [{ taskList }, estimate] = await Promise.all([
    import("./task-list.ts"),
    estimateOf(site, firstState),
  ]);
  return taskList(estimate);
}
