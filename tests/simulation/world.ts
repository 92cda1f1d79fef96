import { type Live, liveSchema, type Release, releaseSchema } from "../../lib/releases/records.ts";
import { codeBuildService } from "../../local/codebuild/service.ts";
import type { InstanceState } from "../../local/ec2/state.ts";
import { logsService } from "../../local/logs/service.ts";
import { LogStore } from "../../local/logs/store.ts";
import { s3Service } from "../../local/s3/service.ts";
import { ObjectStore } from "../../local/s3/store.ts";
import type { ObjectChange } from "../../local/s3/types.ts";
import { Engine } from "../../local/states/engine.ts";
import { statesService } from "../../local/states/service.ts";
import { Tasks } from "../../local/states/tasks.ts";
import type { Execution } from "../../local/states/types.ts";
import { queryService } from "../../local/wire/services.ts";
import { type Choices, choose } from "./choices.ts";
import { SimulatedBuilds } from "./cloud/builds.ts";
import { Calls, type Carried } from "./cloud/calls.ts";
import { useCarry } from "./cloud/client-options.ts";
import { type SimulatedEc2, simulatedEc2 } from "./cloud/ec2.ts";
import { environmentOf, type StackParts } from "./cloud/environment.ts";
import { Faults } from "./cloud/faults.ts";
import { Front } from "./cloud/front.ts";
import { type Invocation, Lambda, type SimulatedFunction } from "./cloud/lambda.ts";
import { SimulatedMachines } from "./cloud/machines.ts";
import { useNetwork } from "./cloud/network.ts";
import { ContentQueue } from "./cloud/queue.ts";
import { type DeclaredStack, machineArn } from "./cloud/stack.ts";
import { Clock, useClock } from "./world/clock.ts";
import { Files, useFiles } from "./world/files.ts";
import { type Chance, chance } from "./world/random.ts";
import { useRandom } from "./world/randomness.ts";

export const CONTENT_BUCKET = "simulated-content";
export const STATE_BUCKET = "simulated-state";
/** As stack/certificates.yml has it. */
const CERTIFICATE_SECONDS = 12 * 3600;
const BEGIN = Date.UTC(2026, 10, 2);

/** A message to the subscribers. */
interface Notified {
  readonly at: number;
  readonly subject: string;
  readonly message: string;
  readonly invocation: Invocation | undefined;
}

/** Who is told of what happens; every member is called in the moment it has happened. */
export interface Watcher {
  onCarried?(call: Carried): void;
  onContent?(change: ObjectChange): void;
  onExecution?(execution: Execution): void;
  onInstance?(instanceId: string, state: InstanceState): void;
  onNotified?(note: Notified): void;
  onReturn?(invocation: Invocation, event: unknown, result: unknown): void;
}

/** The stack on a cloud in memory, in virtual time, for one history. */
export class World {
  readonly seed: number;
  readonly choices: Choices;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly files = new Files();
  readonly trace: string[] = [];
  /** The invariants that did not hold, each with what happened. */
  readonly violations: string[] = [];
  readonly front = new Front();
  readonly machines: SimulatedMachines;
  readonly objects: ObjectStore;
  readonly engine: Engine;
  readonly lambda: Lambda;
  readonly queue: ContentQueue;
  readonly builds: SimulatedBuilds;
  readonly watchers: Watcher[] = [];
  /** Executions whose telling was disturbed by a fault. */
  readonly disturbed = new Set<string>();
  /** Ids of what others have in the same account. */
  readonly strangers = new Set<string>();
  /** Machines that a person has stopped or terminated. */
  readonly byHand = new Set<string>();
  readonly executions: Execution[] = [];
  /** What runs without an execution: events and schedules that are being worked off. */
  underWay = 0;
  ec2!: SimulatedEc2;
  stack!: StackParts;
  readonly #declared: DeclaredStack;

  private constructor(
    seed: number,
    declared: DeclaredStack,
    handlers: ReadonlyMap<string, SimulatedFunction>,
  ) {
    this.seed = seed;
    this.#declared = declared;
    this.choices = choose(this.chance("choices"));
    this.clock = new Clock(BEGIN);
    useClock(this.clock);
    useRandom(this.chance("ids"));
    useFiles(this.files);
    const end = BEGIN + this.choices.busySeconds * 1000;
    this.faults = new Faults(this.chance("faults"), { from: BEGIN, to: end }, () => this.clock.now);
    const { clock, faults } = this;
    const trace = (line: string) => this.note(line);
    useNetwork(
      (address) => (address === this.stack?.address ? faults.addressSeconds() : 0),
      (ms, run) => clock.after(ms, run),
    );
    const fate = () => faults.machine(this.choices.bootSeconds);
    this.machines = new SimulatedMachines(clock, fate, () => faults.over);
    this.objects = new ObjectStore("/s3", (change) => this.#onObject(change));
    this.objects.createBucket(CONTENT_BUCKET);
    this.objects.createBucket(STATE_BUCKET);
    const uuids = this.chance("builds");
    this.builds = new SimulatedBuilds({
      ...{ clock, trace, fate: () => faults.build(), newId: () => uuids.bytes(8).toString("hex") },
      keep: (key, bytes) => this.putObject(STATE_BUCKET, key, bytes),
    });
    this.lambda = new Lambda({
      ...{ clock, trace, functions: handlers, startSeconds: () => faults.startSeconds() },
      fault: (name, execution) => {
        const fault = faults.invocation();
        if (Object.keys(fault).length > 0) this.#disturb(name, execution);
        return fault;
      },
      onReturn: (invocation, event, result) =>
        this.tell((watcher) => watcher.onReturn?.(invocation, event, result)),
    });
    this.engine = new Engine("/states", new Tasks(this.lambda, { refusal: () => undefined }), (execution) =>
      this.#onStatus(execution),
    );
    this.queue = new ContentQueue({
      ...{ clock, trace, deliveries: () => faults.deliveries() },
      consume: async (bodies) => {
        const Records = bodies.map((body) => ({ body }));
        return this.runEvent("content-changed", { Records });
      },
    });
  }

  /** Brings the stack up. */
  static async open(
    seed: number,
    declared: DeclaredStack,
    handlers: ReadonlyMap<string, SimulatedFunction>,
  ): Promise<World> {
    const world = new World(seed, declared, handlers);
    await world.#open();
    return world;
  }

  chance(purpose: string): Chance {
    return chance(this.seed, purpose);
  }

  /** Adds a line to the trace, headed by the time since the beginning. */
  note(line: string): void {
    const seconds = ((this.clock.now - BEGIN) / 1000).toFixed(3).padStart(10);
    this.trace.push(`${seconds}  ${line}`);
  }

  /** An invariant does not hold: the history ends with it. */
  violate(invariant: string, what: string): void {
    this.violations.push(`${invariant}: ${what}`);
    this.note(`VIOLATION of ${invariant}: ${what}`);
  }

  /** What live.json says; undefined before the first release. */
  live(): Live | undefined {
    const text = this.stateText("live.json");
    return text === undefined ? undefined : liveSchema.parse(JSON.parse(text));
  }

  /** The records of all releases. */
  releases(): Release[] {
    return this.stateKeys()
      .filter((key) => key.startsWith("releases/"))
      .map((key) => releaseSchema.parse(JSON.parse(this.stateText(key) ?? "")));
  }

  tell(how: (watcher: Watcher) => void): void {
    for (const watcher of this.watchers) how(watcher);
  }

  /** What the schedule of the certificate machine does. */
  lookAtCertificate(): void {
    this.engine.start(machineArn("certificate"), undefined, JSON.stringify({ why: "schedule" }));
  }

  /** Waits for what somebody does before the history counts as being at rest. */
  async worksOff(act: Promise<unknown>): Promise<void> {
    this.underWay += 1;
    await act;
    this.underWay -= 1;
  }

  /** Runs a function for an event, as often as Lambda does for those that nobody waits for: whether it succeeded. */
  async runEvent(name: string, event: unknown): Promise<boolean> {
    this.underWay += 1;
    try {
      return (await this.lambda.invoke(name, JSON.stringify(event))).error === undefined;
    } catch {
      // Lambda refused it: the queue, or the next run of the schedule, comes again.
      return false;
    } finally {
      this.underWay -= 1;
    }
  }

  /** The text of an object in the state bucket, past all faults; undefined where there is none. */
  stateText(key: string): string | undefined {
    if (!this.stateKeys().includes(key)) return undefined;
    return this.readObject(STATE_BUCKET, key).toString("utf8");
  }

  stateKeys(): readonly string[] {
    return this.objects.keys(STATE_BUCKET);
  }

  readObject(bucket: string, key: string): Buffer {
    const { segments } = this.objects.object(bucket, key);
    const parts = segments.map(({ file, start = 0, length }) =>
      this.files.get(this.objects.content.path(file)).read(start, length),
    );
    return Buffer.concat(parts);
  }

  putObject(bucket: string, key: string, bytes: Buffer): void {
    const url = `/${bucket}/${encodeURIComponent(key)}`;
    const headers = { "content-length": String(bytes.length) };
    void this.front.call("s3", { method: "PUT", url, headers, body: bytes });
  }

  async #open(): Promise<void> {
    const { clock, front, faults } = this;
    const trace = (line: string) => this.note(line);
    this.ec2 = await simulatedEc2({
      machines: this.machines,
      readObject: async (bucket, key) => {
        const { seconds, fails } = faults.import();
        await clock.sleep(seconds * 1000);
        if (fails) throw new Error("VM Import was told to fail.");
        const object = this.objects.object(bucket, key);
        const stream = (start = 0, end = object.size - 1) =>
          this.objects.content.read(object.segments, start, end);
        return { size: object.size, stream };
      },
      onStateChange: (instanceId, state) => this.#onInstance(instanceId, state),
      log: (line) => this.note(`EC2: ${line}`),
    });
    const { state } = this.ec2.cloud.store;
    this.stack = await environmentOf(this.#declared, this.choices, this.ec2);
    const services = [
      s3Service(this.objects, () => true),
      statesService(this.engine),
      codeBuildService(this.builds),
      logsService(new LogStore("/logs"), { region: "us-east-1", endpoint: "" }),
      queryService(["sns"], "http://sns.amazonaws.com/doc/2010-03-31/", {
        Publish: (input) => {
          const { default: message } = JSON.parse(input.get("Message") ?? "") as { default: string };
          this.#published = { subject: input.get("Subject") ?? "", message };
          return { MessageId: `${clock.now}` };
        },
      }),
    ];
    for (const service of [...services, ...this.ec2.services]) front.use(service);
    const onCarried = (call: Carried) => this.#onCarried(call);
    const onFault = ({ name, execution }: Invocation) => this.#disturb(name, execution);
    useCarry(new Calls({ clock, front, faults, trace, onCarried, onFault, ec2State: () => state }).carry);
    for (const { name, definition } of this.#declared.machines) {
      const definitionText = JSON.stringify(definition);
      const arn = machineArn(name);
      this.engine.define({ name, arn, roleArn: "", definitionText, definition, created: clock.now });
    }
    for (const { name, everySeconds } of this.#declared.functions) {
      if (everySeconds !== undefined) this.#schedule(name, everySeconds, () => void this.runEvent(name, {}));
    }
    this.#schedule("certificate", CERTIFICATE_SECONDS, () => this.lookAtCertificate());
  }

  #published: { readonly subject: string; readonly message: string } | undefined;

  #disturb(name: string, execution: string | undefined): void {
    if (name === "notify" && execution !== undefined) this.disturbed.add(execution);
  }

  #onCarried(call: Carried): void {
    this.tell((watcher) => watcher.onCarried?.(call));
    if (call.action === "AssociateAddress" && call.invocation?.name === "move-address") this.#stumble();
    if (call.action !== "Publish" || this.#published === undefined) return;
    const note = { ...this.#published, at: this.clock.now, invocation: call.invocation };
    this.tell((watcher) => watcher.onNotified?.(note));
  }

  /** A machine may die just when it has got the address. */
  #stumble(): void {
    const holder = this.ec2.cloud.store.state.addresses[this.stack.allocationId]?.instanceId ?? "";
    const seconds = this.faults.stumble();
    if (seconds !== undefined)
      this.clock.after(seconds * 1000, () => this.machines.running.get(holder)?.die());
  }

  #onObject(change: ObjectChange): void {
    if (change.bucket !== CONTENT_BUCKET) return;
    this.tell((watcher) => watcher.onContent?.(change));
    this.queue.put(this.faults.eventBody(JSON.stringify({ detail: { object: { key: change.key } } })));
  }

  #onStatus(execution: Execution): void {
    if (execution.status === "RUNNING") this.executions.push(execution);
    this.note(
      `execution ${execution.name} is ${execution.status}${execution.error ? `: ${execution.error}` : ""}`,
    );
    this.tell((watcher) => watcher.onExecution?.(execution));
  }

  #onInstance(instanceId: string, state: InstanceState): void {
    this.note(`${instanceId} is ${state}`);
    this.tell((watcher) => watcher.onInstance?.(instanceId, state));
    for (const { name, instanceStates } of this.#declared.functions) {
      if (!instanceStates.includes(state)) continue;
      for (const seconds of this.faults.deliveries()) {
        this.clock.after(seconds * 1000, () => void this.runEvent(name, { detail: { state } }));
      }
    }
  }

  #schedule(name: string, everySeconds: number, act: () => void): void {
    const run = () => {
      act();
      this.clock.after(everySeconds * 1000, run);
    };
    this.clock.after(this.chance(`schedule of ${name}`).between(0, everySeconds) * 1000, run);
  }
}
