import type { Clock } from "../world/clock.ts";

/** As stack/storage.yml and serverless.yml have it. */
const VISIBILITY_SECONDS = 180;
const RECEIVES = 5;
const BATCH = 10;
const AT_ONCE = 2;

export interface QueueOptions {
  readonly clock: Clock;
  /** Seconds until each delivery of an event: more than one number delivers it more than once. */
  readonly deliveries: () => readonly number[];
  /** Runs the function; whether it succeeded. */
  readonly consume: (bodies: readonly string[]) => Promise<boolean>;
  readonly trace: (line: string) => void;
}

interface Message {
  readonly body: string;
  receives: number;
}

/** From the content bucket's events to content-changed: EventBridge's rule, the queue, and Lambda's poller. */
export class ContentQueue {
  readonly #options: QueueOptions;
  readonly #visible: Message[] = [];
  #underWay = 0;
  /** Events and messages that are not worked off yet. */
  pending = 0;
  dead = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** An event comes, late, more than once and in any order. */
  put(body: string): void {
    for (const seconds of this.#options.deliveries()) {
      this.pending += 1;
      this.#options.clock.after(seconds * 1000, () => {
        this.#visible.push({ body, receives: 0 });
        this.#poll();
      });
    }
  }

  #poll(): void {
    if (this.#underWay >= AT_ONCE || this.#visible.length === 0) return;
    const batch = this.#visible.splice(0, BATCH);
    this.#underWay += 1;
    void this.#work(batch);
  }

  async #work(batch: Message[]): Promise<void> {
    const { clock, consume, trace } = this.#options;
    const done = await consume(batch.map(({ body }) => body));
    this.#underWay -= 1;
    if (done) {
      this.pending -= batch.length;
    } else {
      clock.after(VISIBILITY_SECONDS * 1000, () => {
        for (const message of batch) {
          message.receives += 1;
          if (message.receives < RECEIVES) {
            this.#visible.push(message);
            continue;
          }
          trace("queue: a message goes to the dead letters");
          this.pending -= 1;
          this.dead += 1;
        }
        this.#poll();
      });
    }
    this.#poll();
  }
}
