import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect, type PeerCertificate } from "node:tls";
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { type Certificate, certificateSchema } from "../../lib/releases/records.ts";
import { Pebble } from "../../local/acme/pebble.ts";
import { AcmeFront } from "./acme-front.ts";
import { skewedClock } from "./skewed-clock.ts";
import { type StackOptions, TestStack } from "./stack.ts";

/** How an execution of the certificate machine ended. */
export interface CertificateRun {
  readonly status: string;
  readonly error: string;
  readonly cause: string;
  readonly message: string;
}

export interface CertifiedOptions extends StackOptions {
  /** See Pebble; here every name must be proved each time, unless a test wants otherwise. */
  readonly reuse?: number;
}

/** A stack whose certificates come from a Pebble of its own. */
export class CertifiedStack {
  readonly stack: TestStack;
  readonly pebble: Pebble;
  readonly front: AcmeFront;
  readonly #sfn: SFNClient;
  readonly #folder: string;

  private constructor(stack: TestStack, pebble: Pebble, front: AcmeFront, folder: string) {
    this.stack = stack;
    this.pebble = pebble;
    this.front = front;
    this.#folder = folder;
    this.#sfn = new SFNClient(stack.sdk);
  }

  /** Starts everything; nothing is deployed, and the names point nowhere. */
  static async start(names: string, options: CertifiedOptions = {}): Promise<CertifiedStack> {
    const folder = await mkdtemp(join(tmpdir(), "mp-pebble-"));
    const address = `127.${randomInt(50, 99)}.${randomInt(1, 250)}.${randomInt(1, 250)}`;
    const pebble = await Pebble.start({
      directory: folder,
      address,
      dnsPorts: [53],
      reuse: options.reuse ?? 0,
    });
    const front = await AcmeFront.start(pebble);
    const stack = await TestStack.start(options);
    // On a slow day reconcile would come in between; what fires is fired by hand.
    stack.cloud.scheduler.stop();
    const certified = new CertifiedStack(stack, pebble, front, folder);
    certified.set({
      SITE_NAMES: names,
      ACME: front.directoryUrl,
      ACME_ROOT: Buffer.from(pebble.trust).toString("base64"),
      RESOLVER: pebble.resolver,
    });
    return certified;
  }

  async stop(): Promise<void> {
    this.#sfn.destroy();
    await this.stack.stop();
    await this.front.stop();
    await this.pebble.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Gives settings other values in all functions that have them, as a deployment with other parameters would. */
  set(settings: Readonly<Record<string, string>>): void {
    const { functions } = this.stack.cloud;
    for (const config of functions.all()) {
      const known = Object.entries(settings).filter(([name]) => name in config.environment);
      if (known.length === 0) continue;
      functions.define({ ...config, environment: { ...config.environment, ...Object.fromEntries(known) } });
    }
  }

  /** Puts the clocks of all functions wrong by so many milliseconds, from their next start on; 0 puts them right. */
  skewClocks(ms: number): void {
    const NODE_OPTIONS = skewedClock(ms);
    const { functions } = this.stack.cloud;
    for (const config of functions.all()) {
      functions.define({ ...config, environment: { ...config.environment, NODE_OPTIONS } });
    }
  }

  async current(): Promise<Certificate> {
    return certificateSchema.parse(
      JSON.parse((await this.stack.read("certificates/current.json")) ?? "null"),
    );
  }

  /** The schedule fires, `times` at once; waits until the machine is at rest. Runs in the order they began. */
  async run(times = 1): Promise<CertificateRun[]> {
    return this.runsAfter(async () => {
      for (let i = 0; i < times; i += 1) this.stack.cloud.scheduler.fire("mirage-pages-prod-certificate");
    });
  }

  /** Does something that starts the certificate machine, and waits until it is at rest. */
  async runsAfter(act: () => Promise<unknown>): Promise<CertificateRun[]> {
    const before = new Set((await this.#executions()).map(({ executionArn }) => executionArn));
    await act();
    for (const start = Date.now(); Date.now() - start < 120_000; await pause(100)) {
      const fresh = (await this.#executions()).filter(({ executionArn }) => !before.has(executionArn));
      if (fresh.length === 0 || fresh.some(({ status }) => status === "RUNNING")) continue;
      return Promise.all(fresh.reverse().map(({ executionArn }) => this.#ended(executionArn)));
    }
    throw new Error("The certificate machine was not at rest within two minutes.");
  }

  /** Stops what runs of the certificate machine, as a person or a disaster would. */
  async stopRuns(): Promise<void> {
    for (const { executionArn, status } of await this.#executions()) {
      if (status === "RUNNING") await this.#sfn.send(new StopExecutionCommand({ executionArn }));
    }
  }

  async #executions() {
    const stateMachineArn = this.stack.machineArn("certificate");
    const { executions } = await this.#sfn.send(
      new ListExecutionsCommand({ stateMachineArn, maxResults: 100 }),
    );
    return executions ?? [];
  }

  async #ended(executionArn: string | undefined): Promise<CertificateRun> {
    const told = await this.#sfn.send(new DescribeExecutionCommand({ executionArn }));
    const { message = "" } = JSON.parse(told.output ?? "{}") as { message?: string };
    return { status: told.status ?? "", error: told.error ?? "", cause: told.cause ?? "", message };
  }
}

/** The certificate that a server shows to a client that trusts only this root. Rejects when it is not trusted. */
export function trusted(address: string, servername: string, ca: string): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: 443, servername, ca, timeout: 10_000 });
    socket.on("secureConnect", () => {
      resolve(socket.getPeerCertificate(true));
      socket.destroy();
    });
    socket.on("timeout", () => socket.destroy(new Error("no answer")));
    socket.on("error", reject);
  });
}
