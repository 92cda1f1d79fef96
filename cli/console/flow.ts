import * as z from "zod";

const stateSchema = z.object({
  Type: z.string(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(z.object({ Next: z.string() })).optional(),
  Catch: z.array(z.object({ Next: z.string() })).optional(),
});
const machineSchema = z.object({ StartAt: z.string(), States: z.record(z.string(), stateSchema) });
type States = z.infer<typeof machineSchema>["States"];

/** What is drawn as one: a Task state with the choices and waits that belong to it, or a place where ways meet. */
export interface Part {
  /** Of its Task state, else of its first state. */
  readonly name: string;
  readonly task: boolean;
  /** All states that it stands for, in the definition's order. */
  readonly states: readonly string[];
  /** It is where failures of many states lead: those ways are not listed. */
  readonly onFailure: boolean;
}

export interface Way {
  readonly from: string;
  readonly to: string;
  /** Only taken after an error that the state machine catches. */
  readonly caught: boolean;
  /** It leads back to what was done before. */
  readonly back: boolean;
  /** It lies on the longest run through the machine. */
  readonly main: boolean;
}

/** A state machine as parts and the ways between them. */
export interface Flow {
  readonly parts: readonly Part[];
  readonly ways: readonly Way[];
}

type Step = Pick<Way, "from" | "to" | "caught">;

/** So many states that fail to one and the same state make it the usual end of failures. */
const COMMON = 3;

/**
 * Reads a definition in the Amazon States Language. A state that is no Task is a part of what leads to it, unless
 * ways of several parts meet in it. Throws ZodError for what is no definition. Pure.
 */
export function flowOf(definition: string): Flow {
  const { StartAt, States } = machineSchema.parse(JSON.parse(definition));
  const names = Object.keys(States);
  const common = commonFailures(States);
  const steps = names.flatMap((name) => stepsFrom(States, name, common));
  const partOf = partsOf(States, StartAt, steps, common);
  const parts = names
    .filter((name) => partOf.get(name) === name && (States[name]?.Type === "Task" || !common.has(name)))
    .map((name) => ({
      name,
      task: States[name]?.Type === "Task",
      states: names.filter((one) => partOf.get(one) === name),
      onFailure: common.has(name),
    }));
  const drawn = new Set(parts.map(({ name }) => name));
  const between = new Map<string, Step>();
  for (const { from: state, to: next, caught } of steps) {
    const [from = "", to = ""] = [partOf.get(state), partOf.get(next)];
    if (from === to || !drawn.has(from) || !drawn.has(to)) continue;
    const known = between.get(`${from}\n${to}`);
    between.set(`${from}\n${to}`, { from, to, caught: caught && (known?.caught ?? true) });
  }
  return { parts, ways: judged(parts, [...between.values()], StartAt) };
}

/** The states that many states name for their failures. */
function commonFailures(states: States): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { Catch = [] } of Object.values(states)) {
    for (const name of new Set(Catch.map(({ Next }) => Next))) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, count]) => count >= COMMON).map(([name]) => name));
}

function stepsFrom(states: States, from: string, common: ReadonlySet<string>): Step[] {
  const { Next, Choices = [], Default, Catch = [] } = states[from] ?? {};
  const next = [Next, ...Choices.map((choice) => choice.Next), Default].filter((to) => to !== undefined);
  const caught = Catch.map((one) => one.Next).filter((to) => !common.has(to));
  return [
    ...next.map((to) => ({ from, to, caught: false })),
    ...caught.map((to) => ({ from, to, caught: true })),
  ];
}

/** The part that each state belongs to. */
function partsOf(
  states: States,
  start: string,
  steps: readonly Step[],
  common: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const names = Object.keys(states);
  const partOf = new Map(names.map((name) => [name, name]));
  const joins = names.filter((name) => states[name]?.Type !== "Task" && name !== start && !common.has(name));
  for (let changed = true; changed; ) {
    changed = false;
    for (const name of joins.filter((one) => partOf.get(one) === one)) {
      const before = new Set(
        steps.filter(({ to }) => partOf.get(to) === name).map(({ from }) => partOf.get(from)),
      );
      before.delete(name);
      const [only] = before;
      if (before.size !== 1 || only === undefined) continue;
      for (const [state, part] of partOf) if (part === name) partOf.set(state, only);
      changed = true;
    }
  }
  return partOf;
}

/** Tells the ways that lead back, and those on the longest run; the definition's order says what comes before. */
function judged(parts: readonly Part[], steps: readonly Step[], start: string): Way[] {
  const place = new Map(parts.map(({ name }, i) => [name, i]));
  const at = (name: string) => place.get(name) ?? 0;
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    from === to ||
    steps.some((step) => {
      if (step.from !== from || seen.has(step.to)) return false;
      seen.add(step.to);
      return reaches(step.to, to, seen);
    });
  const ways = steps.map((step) => ({
    ...step,
    back: at(step.to) <= at(step.from) && reaches(step.to, step.from),
  }));
  const main = new Set(longest(parts, ways, start));
  return ways.map((way) => ({ ...way, main: main.has(way) }));
}

/** The ways of the run that passes the most Task states. */
function longest<T extends Omit<Way, "main">>(
  parts: readonly Part[],
  ways: readonly T[],
  start: string,
): T[] {
  const weight = new Map(parts.map(({ name, task }) => [name, task ? 1 : 0]));
  const known = new Map<string, { readonly tasks: number; readonly run: T[] }>();
  const from = (name: string): { readonly tasks: number; readonly run: T[] } => {
    const found = known.get(name);
    if (found !== undefined) return found;
    let best: { tasks: number; run: T[] } = { tasks: 0, run: [] };
    for (const way of ways) {
      if (way.from !== name || way.back || way.caught) continue;
      const rest = from(way.to);
      const tasks = rest.tasks + (weight.get(way.to) ?? 0);
      if (tasks > best.tasks) best = { tasks, run: [way, ...rest.run] };
    }
    known.set(name, best);
    return best;
  };
  return from(start).run;
}
