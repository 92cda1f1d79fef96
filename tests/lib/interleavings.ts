import { createHash } from "node:crypto";

/**
 * Explores every order in which concurrent processes can do their steps. A process is real asynchronous
 * code that asks `Scheduler.act` before each effect; the explorer decides whose effect happens next, and
 * runs the whole history anew for each order. Histories that lead to the same state are followed once.
 */
export interface Effect {
  readonly process: string;
  readonly name: string;
  perform(): unknown;
}

export class Scheduler {
  readonly pending = new Map<
    string,
    { effect: Effect; go(result: unknown): void; fail(error: unknown): void }
  >();
  readonly observed: string[] = [];
  running = 0;

  /** Runs a process; `next` effects of it wait until the explorer lets them happen. */
  start(body: () => Promise<void>): void {
    this.running += 1;
    body().then(
      () => {
        this.running -= 1;
      },
      (error: unknown) => {
        this.running -= 1;
        this.observed.push(`error ${String(error)}`);
      },
    );
  }

  act<T>(process: string, name: string, perform: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.pending.set(process, {
        effect: { process, name, perform },
        go: (r) => resolve(r as T),
        fail: reject,
      });
    });
  }

  /** Lets one effect happen and records what its process saw. */
  step(process: string): void {
    const waiting = this.pending.get(process);
    if (waiting === undefined) throw new Error(`No effect of ${process} waits.`);
    this.pending.delete(process);
    try {
      const result = waiting.effect.perform();
      this.observed.push(`${process} ${waiting.effect.name} ${JSON.stringify(result) ?? ""}`);
      waiting.go(result);
    } catch (error) {
      this.observed.push(`${process} ${waiting.effect.name} throws ${String(error)}`);
      waiting.fail(error);
    }
  }
}

export interface History {
  readonly scheduler: Scheduler;
  /** Events of the world that can happen now, beside the processes' effects: a death, time passing. */
  events(): { name: string; happen(): void }[];
  /** What the state is, beside what each process has seen. */
  fingerprint(): string;
  /** Throws when something is wrong now. */
  check(): void;
  /** Called when nothing can happen any more. Throws when that is a bad end. */
  checkEnd(): void;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Explores all orders; returns how many different states there were. Throws with the trace of a violation. */
export async function explore(
  begin: () => History,
  limit: number,
): Promise<{ states: number; ends: number }> {
  const seen = new Set<string>();
  const open: string[][] = [[]];
  let ends = 0;
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const history = begin();
    const taken: string[] = [];
    await settled();
    const follow = async (choice: string) => {
      taken.push(choice);
      take(history, choice);
      await settled();
      guarded(history, taken, () => history.check());
    };
    for (const choice of path) await follow(choice);
    while (isNew(seen, stateOf(history), limit)) {
      const [first, ...others] = [
        ...[...history.scheduler.pending.keys()].toSorted(),
        ...history.events().map(({ name }) => `event:${name}`),
      ];
      if (first === undefined) {
        guarded(history, taken, () => history.checkEnd());
        ends += 1;
        break;
      }
      for (const other of others) open.push([...taken, other]);
      await follow(first);
    }
  }
  return { states: seen.size, ends };
}

/** The world, and all that each process has seen so far in its own order: that decides what can follow. */
function stateOf({ scheduler, fingerprint }: History): string {
  const byProcess = scheduler.observed.toSorted((a, b) =>
    firstWord(a) < firstWord(b) ? -1 : firstWord(a) > firstWord(b) ? 1 : 0,
  );
  return createHash("sha1")
    .update(`${fingerprint()}\n${byProcess.join("\n")}`)
    .digest("base64");
}

function firstWord(line: string): string {
  return line.slice(0, line.indexOf(" "));
}

function isNew(seen: Set<string>, state: string, limit: number): boolean {
  if (seen.has(state)) return false;
  if (seen.size >= limit)
    throw new Error(`More than ${limit} states: too large a scenario to explore whole.`);
  seen.add(state);
  return true;
}

function take(history: History, choice: string): void {
  if (!choice.startsWith("event:")) {
    history.scheduler.step(choice);
    return;
  }
  const event = history.events().find(({ name }) => `event:${name}` === choice);
  if (event === undefined) throw new Error(`The history is not the same when it is run again: no ${choice}.`);
  history.scheduler.observed.push(`${choice} happens`);
  event.happen();
}

function guarded(history: History, choices: readonly string[], check: () => void): void {
  try {
    check();
  } catch (error) {
    const trace = history.scheduler.observed
      .map((line, i) => `${String(i + 1).padStart(3)}  ${line}`)
      .join("\n");
    throw new Error(`${String(error)}\nAfter ${choices.length} choices:\n${trace}`, { cause: error });
  }
}
