import { executionArn, outcomeOf, visitsOf } from "../read/executions.ts";
import type { Records } from "../read/site.ts";
import type { Standing } from "../read/standing.ts";
import type { Run } from "./view.ts";

/** Reads what deployments did; those that have ended once. */
export class RunReader {
  readonly #ended = new Map<string, Run>();
  /** What the names of deployments begin with: others take the turn as well, to retire machines. */
  readonly #deployments: string;

  /** `machine`: the ARN of the state machine of deployments. */
  constructor(machine: string) {
    this.#deployments = executionArn(machine, "");
  }

  /** A deployment by its execution; undefined where AWS has forgotten it, 90 days after its end. */
  async read(execution: string, release: number | null): Promise<Run | undefined> {
    const known = this.#ended.get(execution);
    if (known !== undefined) return { ...known, release: release ?? known.release };
    const visits = await visitsOf(execution);
    if (visits.length === 0) return undefined;
    const { status = "RUNNING", error = null, cause = null } = await outcomeOf(execution);
    const bare = visits.map(({ state, from, to }) => ({ state, from, ...(to !== undefined && { to }) }));
    const run = { execution, release, status, error, cause, visits: bare };
    // What was visited was read before how it ended.
    if (status !== "RUNNING" && visits.at(-1)?.to !== undefined) this.#ended.set(execution, run);
    return run;
  }

  /**
   * The deployment that runs, else that of the newest release, unless one was shown since that failed before it had
   * a release. Those that found nothing to do are not worth staying.
   */
  async current({ underWay }: Standing, { releases }: Records, before: Run | null): Promise<Run | null> {
    const [newest] = releases;
    const later = (before?.visits[0]?.from ?? 0) > (newest === undefined ? 0 : Date.parse(newest.startedAt));
    const last = later && before?.status !== "SUCCEEDED" ? before : newest;
    const running = underWay?.execution.startsWith(this.#deployments) ? underWay.execution : undefined;
    const execution = running ?? last?.execution;
    if (execution === undefined) return null;
    const release = releases.find((one) => one.execution === execution)?.number ?? null;
    return (await this.read(execution, release)) ?? null;
  }
}
