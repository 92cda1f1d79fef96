import { accountId } from "../account.ts";
import type { Judge } from "../iam/judge.ts";
import { AwsError } from "../service.ts";
import type { SqsQueue } from "../sqs/fauxqs.ts";
import type { Messaging } from "../sqs/messaging.ts";
import { isObject } from "../wire/members.ts";
import type { Functions } from "./functions.ts";

/** A queue whose messages a function gets. */
export interface EventSource {
  readonly id: string;
  readonly queueArn: string;
  readonly functionName: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly windowSeconds: number;
  /** How many batches may be under way at once. */
  readonly maximumConcurrency: number;
  /** Whether the function names the messages that failed, in `batchItemFailures`. */
  readonly reportsFailures: boolean;
}

type Message = ReturnType<SqsQueue["dequeue"]>[number];

const pollSeconds = 20;

/**
 * Event source mappings from SQS. A batch that fails stays in flight and comes back when its visibility timeout
 * has passed; the queue's redrive policy then decides about dead letters.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export class EventSources {
  private readonly sources = new Map<string, EventSource>();
  private readonly loops: Promise<void>[] = [];
  private readonly messaging: Messaging;
  private readonly functions: Functions;
  private readonly judge: Judge;
  private readonly region: string;
  private running = false;

  constructor(messaging: Messaging, functions: Functions, judge: Judge, region: string) {
    this.messaging = messaging;
    this.functions = functions;
    this.judge = judge;
    this.region = region;
  }

  /**
   * Adds a mapping; it polls from the next `start` on, in the name of the function's role.
   * Throws InvalidParameterValueException where that role may not.
   */
  set(source: EventSource): void {
    const { roleArn } = this.functions.find(source.functionName);
    for (const action of ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]) {
      if (this.judge.allows(roleArn, `sqs:${action}`, source.queueArn)) continue;
      const text = `The provided execution role does not have permissions to call ${action} on SQS`;
      throw new AwsError("InvalidParameterValueException", text);
    }
    this.sources.set(source.id, source);
  }

  /** All mappings as ListEventSourceMappings gives them. */
  list(): unknown[] {
    return [...this.sources.values()].map((source) => ({
      UUID: source.id,
      EventSourceArn: source.queueArn,
      FunctionArn: this.functions.find(source.functionName).arn,
      BatchSize: source.batchSize,
      MaximumBatchingWindowInSeconds: source.windowSeconds,
      State: source.enabled ? "Enabled" : "Disabled",
    }));
  }

  /** Begins to poll. */
  start(): void {
    this.running = true;
    for (const source of this.sources.values()) if (source.enabled) this.loops.push(this.poll(source));
  }

  /** Ends polling; batches under way end with their functions. */
  async stop(): Promise<void> {
    this.running = false;
    for (const queue of this.messaging.queues.allQueues()) queue.cancelWaiters();
    await Promise.allSettled(this.loops.splice(0));
  }

  private async poll(source: EventSource): Promise<void> {
    const queue = this.messaging.queues.getQueueByArn(source.queueArn);
    if (queue === undefined)
      throw new Error(`Event source ${source.id}: there is no queue ${source.queueArn}.`);
    const active = new Set<Promise<void>>();
    while (this.running) {
      if (active.size >= source.maximumConcurrency) {
        await Promise.race(active);
        continue;
      }
      const batch = await this.collect(queue, source);
      if (batch.length === 0) continue;
      const work = this.deliver(queue, source, batch).finally(() => active.delete(work));
      active.add(work);
    }
    await Promise.allSettled(active);
  }

  private async collect(queue: SqsQueue, source: EventSource): Promise<Message[]> {
    const take = (count: number): Message[] =>
      queue.dequeue(count, undefined, (arn) => this.messaging.queues.getQueueByArn(arn));
    const batch = take(source.batchSize);
    if (batch.length === 0) {
      await queue.waitForMessages(pollSeconds);
      return [];
    }
    const deadline = Date.now() + source.windowSeconds * 1000;
    while (this.running && batch.length < source.batchSize && Date.now() < deadline) {
      await queue.waitForMessages((deadline - Date.now()) / 1000);
      batch.push(...take(source.batchSize - batch.length));
    }
    return batch;
  }

  private async deliver(queue: SqsQueue, source: EventSource, batch: readonly Message[]): Promise<void> {
    const Records = batch.map((message) => record(message, queue, source.queueArn, this.region));
    let failed: ReadonlySet<string>;
    try {
      const { payload, error } = await this.functions.invoke(
        source.functionName,
        JSON.stringify({ Records }),
      );
      failed = error === undefined ? failures(payload, batch, source) : everyId(batch);
    } catch {
      failed = everyId(batch);
    }
    // Stopping ends functions in the middle: their messages come back after the restart.
    if (!this.running) return;
    for (const message of batch)
      if (!failed.has(message.MessageId)) queue.deleteMessage(message.ReceiptHandle);
  }
}

function everyId(batch: readonly Message[]): Set<string> {
  return new Set(batch.map(({ MessageId }) => MessageId));
}

/** Which messages failed. An answer that names an unknown message, or is none, fails the batch, as on Lambda. */
function failures(payload: string, batch: readonly Message[], source: EventSource): Set<string> {
  if (!source.reportsFailures) return new Set();
  const answer: unknown = JSON.parse(payload);
  const listed = isObject(answer) ? answer.batchItemFailures : undefined;
  if (listed === undefined || listed === null) return new Set();
  const all = everyId(batch);
  if (!Array.isArray(listed)) return all;
  const ids = listed.map((one: unknown) => (isObject(one) ? one.itemIdentifier : undefined));
  return ids.every((id) => typeof id === "string" && all.has(id)) ? new Set(ids as string[]) : all;
}

function record(
  message: Message,
  queue: SqsQueue,
  queueArn: string,
  region: string,
): Record<string, unknown> {
  const kept = queue.inflightMessages.get(message.ReceiptHandle)?.message;
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: {
      ApproximateReceiveCount: String(kept?.approximateReceiveCount ?? 1),
      SentTimestamp: String(kept?.sentTimestamp ?? Date.now()),
      SenderId: accountId,
      ApproximateFirstReceiveTimestamp: String(kept?.approximateFirstReceiveTimestamp ?? Date.now()),
    },
    messageAttributes: {},
    md5OfBody: message.MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}
