import { open } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { Expected, Request } from "../../lib/contracts/deploy.ts";
import type { Input, Output, StateName } from "../../lib/contracts.ts";
import { readPartitions } from "../../lib/disk/partitions.ts";
import { fileSource } from "../../lib/disk/source.ts";
import type { Archive, Boot, Certificate, Image } from "../../lib/releases/records.ts";
import type { TestStack } from "../kit/stack.ts";

/** Fails the test when something is not there that must be. */
export function there<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error("Something that must be there is not.");
  return value;
}

/**
 * A real execution that does nothing for an hour: whoever it is that owns the turn must be alive. It waits in
 * the first state of the retire machine.
 */
export async function idleExecution(stack: TestStack): Promise<string> {
  const sfn = new SFNClient(stack.sdk);
  try {
    const input = JSON.stringify({ release: 1, drainSeconds: 3600 });
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn: stack.machineArn("retire"), input }),
    );
    return there(executionArn);
  } finally {
    sfn.destroy();
  }
}

/**
 * One deployment, its steps invoked one by one as the state machine would; each method may be called again,
 * as Step Functions may call a step again. What the steps gave is kept for the steps that follow.
 */
export class ByHand {
  readonly stack: TestStack;
  readonly execution: string;
  #request: Request | undefined;
  #listing: string | undefined;
  #release: number | undefined;
  #certificate: Certificate | undefined;
  #boot: Boot | undefined;
  #archive: Archive | undefined;
  #import: Output<"start-import"> | undefined;
  #imported: Output<"poll-import"> | undefined;
  #image: Image | undefined;
  #machine: Output<"launch-instance"> | undefined;
  #moved: Output<"move-address"> | undefined;

  private constructor(stack: TestStack, execution: string) {
    this.stack = stack;
    this.execution = execution;
  }

  /** Takes the turn for a new execution, as soon as it is free. */
  static async begin(stack: TestStack): Promise<ByHand> {
    const deployment = new ByHand(stack, await idleExecution(stack));
    return eventually("the turn is free", async () => {
      const { turn } = await deployment.takeTurn();
      return turn === "idle" || turn === "taken" ? deployment : undefined;
    });
  }

  get request() {
    return there(this.#request);
  }
  get listing() {
    return there(this.#listing);
  }
  get release() {
    return there(this.#release);
  }
  get certificate() {
    return there(this.#certificate);
  }
  get boot() {
    return there(this.#boot);
  }
  get archive() {
    return there(this.#archive);
  }
  get image() {
    return there(this.#image);
  }
  get machine() {
    return there(this.#machine);
  }
  get expected(): Expected {
    return { release: this.release, archive: this.archive, certificate: this.certificate };
  }

  /** Invokes a step; `as` names a function that stands in for it. */
  async step<N extends StateName>(name: N, input: Input<N>, as: string = name): Promise<Output<N>> {
    return (await this.stack.invoke(as, input)) as Output<N>;
  }

  takeTurn() {
    return this.step("take-turn", { execution: this.execution });
  }

  /** Writes an object into the content bucket and waits until its request has been written. */
  async upload(files: Readonly<Record<string, string>>): Promise<void> {
    const before = await this.stack.read("requests/content.json");
    for (const [key, body] of Object.entries(files)) await this.stack.put(this.stack.content, key, body);
    await eventually("the upload's request is written", async () => {
      const now = await this.stack.read("requests/content.json");
      return now !== undefined && now !== before ? now : undefined;
    });
    this.#request = there((await this.takeTurn()).request);
  }

  settleOnce(previous: Input<"settle">["previous"]) {
    return this.step("settle", { execution: this.execution, request: this.request, previous });
  }

  async settle() {
    const first = await this.settleOnce({ listing: null, rounds: 0 });
    const second = await this.settleOnce(first);
    this.#listing = second.listing;
    return second;
  }

  async plan() {
    const { execution, request, listing } = this;
    const planned = await this.step("plan", { execution, request, listing });
    this.#release = planned.release;
    this.#certificate = planned.certificate;
    return planned;
  }

  startBuild() {
    return this.step("start-build", { execution: this.execution, release: this.release });
  }

  /** Starts the build, if one is needed, and waits for its end. */
  async build(): Promise<Boot> {
    let built: Output<"start-build"> = await this.startBuild();
    while (!built.done) {
      await pause(100);
      built = await this.step("poll-build", { build: built.build, buildId: there(built.buildId) });
    }
    this.#boot = built.boot;
    return this.boot;
  }

  async pack() {
    const { execution, release, listing, boot, certificate } = this;
    const packed = await this.step("pack-site", { execution, release, listing, boot, certificate });
    this.#archive = packed.archive;
    return packed;
  }

  async startImport(as?: string) {
    const { execution, release, archive, boot, certificate } = this;
    this.#import = await this.step("start-import", { execution, release, archive, boot, certificate }, as);
    return this.#import;
  }

  async pollImport() {
    for (let look = 0; look < 100; look += 1) {
      const { mode, importId, startedAt } = there(this.#import);
      this.#imported = await this.step("poll-import", { release: this.release, mode, importId, startedAt });
      if (this.#imported.done) return this.#imported;
      await pause(100);
    }
    throw new Error("The import did not end.");
  }

  async register() {
    const { execution, release } = this;
    const imported = there(this.#imported);
    this.#image = await this.step("register-image", { execution, release, imported });
    return this.#image;
  }

  async launch(attempt = 1) {
    const { execution, release, image } = this;
    this.#machine = await this.step("launch-instance", { execution, release, attempt, image });
    return this.#machine;
  }

  async probe() {
    const { expected } = this;
    const { instanceId, launchedAt: since } = this.machine;
    return eventually("the machine answers", async () => {
      const probed = await this.step("probe", { expected, instanceId, since });
      return probed.ready ? probed : undefined;
    });
  }

  async moveAddress() {
    const { instanceId } = this.machine;
    this.#moved = await this.step("move-address", { execution: this.execution, instanceId });
    return this.#moved;
  }

  async probeAddress() {
    const { expected } = this;
    const { instanceId } = this.machine;
    const { movedAt: since } = there(this.#moved);
    return eventually("the machine answers at the site's address", async () => {
      const probed = await this.step("probe-address", { expected, instanceId, since });
      return probed.ready ? probed : undefined;
    });
  }

  commit() {
    const { execution, release, listing, archive, boot, certificate, image } = this;
    const { instanceId } = this.machine;
    return this.step("commit", {
      ...{ execution, release, listing, archive, boot, certificate, image, instanceId },
    });
  }

  /** Ends the turn without starting another one: the request is crossed off in its newest version. */
  async end(): Promise<void> {
    const { request } = await this.takeTurn();
    await this.step("release-turn", { execution: this.execution, request });
  }

  /** From an upload to an archive that is packed. */
  async upToArchive(files: Readonly<Record<string, string>>): Promise<void> {
    await this.upload(files);
    await this.settle();
    await this.plan();
    await this.build();
    await this.pack();
  }

  /** From an archive that is packed to a machine that answers. */
  async upToMachine(): Promise<void> {
    await this.startImport();
    await this.pollImport();
    await this.register();
    await this.launch();
    await this.probe();
  }

  /** From an upload to a release that is live, and the turn is free again. */
  async whole(files: Readonly<Record<string, string>>): Promise<void> {
    await this.upToArchive(files);
    await this.upToMachine();
    await this.moveAddress();
    await this.probeAddress();
    await this.commit();
    await this.end();
  }
}

/** Gives a function other settings, or makes one of another name (`as`) that has them. Comes before its first call. */
export function withSettings(
  stack: TestStack,
  name: string,
  settings: Readonly<Record<string, string>>,
  as = name,
): void {
  const { functions } = stack.cloud;
  const config = functions.find(`mirage-pages-prod-${name}`);
  const environment = { ...config.environment, ...settings };
  functions.define({ ...config, name: `mirage-pages-prod-${as}`, environment });
}

/** One of the settings that the stack gives a function. */
export function settingOf(stack: TestStack, name: string, variable: string): string {
  return there(stack.cloud.functions.find(`mirage-pages-prod-${name}`).environment[variable]);
}

/** Waits until a look gives something; 20 seconds at most. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const start = Date.now(); ; await pause(100)) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() - start > 20_000) throw new Error(`Waited 20 s in vain until ${what}.`);
  }
}

/** For assert.rejects: an error as a state machine sees one. */
export function failure(name: string, message: RegExp) {
  return { name, message };
}

/** Overwrites the beginning of the boot partition in a file that holds a disk. */
export async function spoilBootPartition(path: string): Promise<void> {
  const disk = await open(path, "r+");
  try {
    const partitions = await readPartitions(fileSource(disk, (await disk.stat()).size));
    const { offset } = there(partitions.find(({ name }) => name === "boot"));
    await disk.write(Buffer.alloc(64 * 1024), 0, 64 * 1024, offset);
  } finally {
    await disk.close();
  }
}
