import { Listr } from "listr2";
import { coloured, print } from "../output/text.ts";
import type { Estimate } from "../read/estimate.ts";
import { type Step, TITLES } from "../read/steps.ts";
import type { Show } from "./show.ts";

/** The states of a deployment in the order of its list; steps that not every deployment has are between them. */
const ORDER = [
  "settle",
  "plan",
  "plan-rollback",
  "start-build",
  "poll-build",
  "pack-site",
  "start-machine",
  "start-import",
  "poll-import",
  "register-image",
  "launch-instance",
  "probe",
  "discard-machine",
  "move-address",
  "probe-address",
  "commit",
  "undo",
].map((state) => TITLES[state] ?? state);

/** How often a step's time is told anew. */
const TICK_MS = 200;

/**
 * A list of the steps, with the time that each took, takes, or will take by the last deployments. It goes forwards
 * only: when a step that was done is done once more, the time counts for the one that it was come back from.
 */
export function taskList(estimate: Estimate | undefined): Show {
  let current = -1;
  let seen: readonly Step[] = [];
  let over = false;
  let missing: string | undefined;
  let changed = signal();
  const move = () => {
    changed.tell();
    changed = signal();
  };
  const list = new Listr(
    ORDER.map((title, position) => ({
      title: waiting(title, estimate),
      enabled: () =>
        seen.some((step) => step.title === title) ||
        (position > current && !over && estimate?.steps.has(title) === true),
      task: async (_: unknown, task: { title: string }) => {
        const begin = Date.now();
        while (current <= position && !over) {
          const how = running(title, (Date.now() - begin) / 1000, percentOf(seen, title), estimate);
          task.title = missing === undefined ? how : `${how}\n${missing}`;
          await Promise.race([changed.told, tick()]);
        }
        task.title = `${title}  ${faint(`${took(seen, title).toFixed(1)} s`)}`;
        const undone = seen.at(-1)?.title === ORDER.at(-1) && position < ORDER.length - 1;
        if (undone && seen.at(-2)?.title === title) throw new Error(title);
      },
    })),
    {
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: { showErrorMessage: false, collapseErrors: false },
    },
  );
  let shown: Promise<unknown> | undefined;
  return {
    waits(why) {
      if (shown === undefined) print(why);
    },
    misses(why) {
      missing = why && `AWS does not answer (${why}): asking again.`;
      if (shown === undefined && missing !== undefined) print(missing);
      move();
    },
    sees(_, steps) {
      seen = steps;
      const position = ORDER.indexOf(steps.at(-1)?.title ?? "");
      current = Math.max(current, position);
      if (current >= 0) shown ??= list.run();
      move();
    },
    async end() {
      over = true;
      move();
      await shown;
    },
  };
}

function waiting(title: string, estimate: Estimate | undefined): string {
  const seconds = estimate?.steps.get(title);
  return seconds === undefined || seconds < 1
    ? faint(title)
    : faint(`${title}  about ${Math.round(seconds)} s`);
}

function running(
  title: string,
  seconds: number,
  percent: number | undefined,
  estimate: Estimate | undefined,
): string {
  const usual = estimate?.steps.get(title) ?? 0;
  const of = usual >= 1 ? ` of about ${Math.round(usual)} s` : " s";
  return `${title}  ${faint(`${Math.floor(seconds)}${of}${percent === undefined ? "" : `, ${percent}%`}`)}`;
}

/** How long AWS says that the steps of a title took, in seconds. */
function took(steps: readonly Step[], title: string): number {
  const spans = steps.filter((step) => step.title === title).map(({ from, to = from }) => to - from);
  return spans.reduce((sum, span) => sum + span, 0) / 1000;
}

function percentOf(steps: readonly Step[], title: string): number | undefined {
  return steps.findLast((step) => step.title === title)?.percent;
}

function faint(text: string): string {
  return coloured("dim", text);
}

function tick(): Promise<void> {
  return new Promise((done) => setTimeout(done, TICK_MS));
}

function signal(): { readonly told: Promise<void>; tell(): void } {
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  return { told, tell };
}
