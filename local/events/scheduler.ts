import type { Deliver, Sender } from "./bus.ts";
import { nextRun } from "./schedule.ts";
import type { Target } from "./targets.ts";
import { targetInput } from "./targets.ts";

/** A schedule of the template, be it a Scheduler schedule or a rule with an expression. */
export interface Schedule {
  readonly name: string;
  readonly sender: Sender;
  readonly expression: string;
  readonly enabled: boolean;
  readonly target: Target;
  /** What the target gets, when the target has no input of its own. */
  readonly event: (time: Date) => unknown;
}

// A longer delay overflows Node's timers, which then fire at once.
const longestTimer = 2 ** 31 - 1;

/** Fires schedules while it runs. What fell due while the local cloud was down is not made up for. */
export class Scheduler {
  private readonly schedules = new Map<string, Schedule>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly deliver: Deliver;
  private readonly started = Date.now();
  private running = false;

  constructor(deliver: Deliver) {
    this.deliver = deliver;
  }

  /** Adds a schedule, or replaces the one of its name. Throws InvalidSchedule. */
  set(schedule: Schedule): void {
    nextRun(schedule.expression, this.started, this.started);
    this.schedules.set(schedule.name, schedule);
    if (this.running) this.arm(schedule);
  }

  /** Every schedule and when it fires next (milliseconds since 1970). */
  list(): { schedule: Schedule; next: number | undefined }[] {
    return [...this.schedules.values()].map((schedule) => ({
      schedule,
      next: schedule.enabled ? nextRun(schedule.expression, this.started, Date.now()) : undefined,
    }));
  }

  /** Begins to fire. */
  start(): void {
    this.running = true;
    for (const schedule of this.schedules.values()) this.arm(schedule);
  }

  /** Fires a schedule now, beside its times: what a test or an impatient person wants. */
  fire(name: string): void {
    const schedule = this.schedules.get(name);
    if (schedule === undefined) throw new Error(`There is no schedule "${name}".`);
    const { target, sender } = schedule;
    this.deliver(target, targetInput(target, schedule.event(new Date())), sender);
  }

  /** Ends all timers. */
  stop(): void {
    this.running = false;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private arm(schedule: Schedule): void {
    clearTimeout(this.timers.get(schedule.name));
    if (!schedule.enabled) return;
    const due = nextRun(schedule.expression, this.started, Date.now());
    if (due === undefined) return;
    const delay = due - Date.now();
    const timer = setTimeout(
      () => {
        if (delay <= longestTimer) this.fire(schedule.name);
        this.arm(schedule);
      },
      Math.min(Math.max(delay, 1), longestTimer),
    );
    this.timers.set(schedule.name, timer);
  }
}
