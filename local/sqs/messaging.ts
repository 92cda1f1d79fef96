import { mkdirSync } from "node:fs";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { buildApp } from "fauxqs";
import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { Service } from "../service.ts";
import type { PersistenceManagerType, SnsStoreType, SqsQueue, SqsStoreType } from "./fauxqs.ts";
import { PersistenceManager, S3Store, SnsStore, SqsStore } from "./fauxqs.ts";

interface ReadRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Topics whose subscriptions are listed as pending until they are confirmed; nobody confirms a mail here. */
class Topics extends SnsStore {
  override listSubscriptionsByTopic(topicArn: string, nextToken?: string) {
    const page = super.listSubscriptionsByTopic(topicArn, nextToken);
    const listed = page.subscriptions.map((one) =>
      one.confirmed ? one : { ...one, arn: "PendingConfirmation" },
    );
    return { ...page, subscriptions: listed };
  }
}

/** SQS and SNS: fauxqs behind the front door, its state in SQLite. It never listens itself. */
export class Messaging {
  readonly queues: SqsStoreType;
  readonly topics: SnsStoreType;
  private readonly place: Place;
  private readonly persistence: PersistenceManagerType;
  private readonly app: ReturnType<typeof buildApp>;
  private stopped = false;

  /** Opens the queues and topics of a directory, making it if it is not there. */
  constructor(directory: string, place: Place) {
    mkdirSync(directory, { recursive: true });
    this.place = place;
    this.queues = new SqsStore();
    this.topics = new Topics();
    this.queues.region = place.region;
    this.topics.region = place.region;
    // Without a host, queue URLs are made from the Host header of the request.
    this.queues.host = "";
    this.persistence = new PersistenceManager(directory);
    // Loaded before the stores know of the persistence: else loading would write it all again.
    this.persistence.loadSqsAndSns(this.queues, this.topics);
    this.queues.persistence = this.persistence;
    this.topics.persistence = this.persistence;
    for (const queue of this.queues.allQueues()) queue.persistence = this.persistence;
    const stores = { sqsStore: this.queues, snsStore: this.topics, s3Store: new S3Store() };
    this.app = buildApp({ logger: false, stores });
  }

  /** Finds or creates a queue; its attributes become those given. */
  ensureQueue(name: string, attributes: Record<string, string>): SqsQueue {
    const known = this.queues.getQueueByName(name);
    if (known === undefined) {
      return this.queues.createQueue(name, this.queueUrl(name), arn(this.place, "sqs", name), attributes);
    }
    known.setAttributes(attributes);
    return known;
  }

  /** The URL of a queue at the endpoint of this run. */
  queueUrl(name: string): string {
    return `${this.place.endpoint}/${arn(this.place, "sqs", name).split(":")[4] ?? ""}/${name}`;
  }

  /** Puts a message into a queue. Throws when there is no such queue. */
  send(queueArn: string, body: string): void {
    const queue = this.queues.getQueueByArn(queueArn);
    if (queue === undefined) throw new Error(`There is no queue ${queueArn}.`);
    queue.enqueue(SqsStore.createMessage(body));
  }

  /** SQS, for the front door. */
  service(): Service {
    const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      await this.app.ready();
      this.app.routing(request, response);
    };
    return { names: ["sqs"], protocol: "json", handle, stop: () => this.stop() };
  }

  /** Answers a request whose body has been read already. */
  async answer({ url, headers, body }: ReadRequest) {
    const { "content-length": _, ...rest } = headers;
    const answer = await this.app.inject({ method: "POST", url, headers: rest, payload: body });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  }

  /** Ends waiting receivers and closes the database. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await this.app.close();
    this.queues.shutdown();
    this.persistence.close();
  }
}
