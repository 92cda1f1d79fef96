import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { quickBuild, testPackage, withSources } from "../kit/package.ts";
import { get } from "../kit/site.ts";

const program = fileURLToPath(new URL("./cloud-process.ts", import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly environment: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** What became of one kill. */
export interface Recovery {
  readonly state: string;
  /** Seconds from the cloud's new start to the uploaded content being served and nobody being at work. */
  readonly seconds: number;
  /** Of the execution that was killed. */
  readonly status: string;
}

/**
 * One local cloud in a directory of its own, killed by SIGKILL at one state of the deploy machine after the other,
 * each in the deployment of a new upload, and started again on what it left.
 */
export class Lane {
  readonly #folder: string;
  readonly #options: string;
  #cloud: Running | undefined;
  #uploads = 0;

  private constructor(folder: string, options: string) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Starts a cloud whose public addresses begin with this block and makes a first site live. */
  static async open(addressBlock: string): Promise<Lane> {
    const folder = await mkdtemp(join(tmpdir(), "mp-kills-"));
    const packageDir = await withSources(await testPackage(), join(folder, "package"), quickBuild);
    const options = { dataDir: join(folder, "data"), packageDir, port: 0, addressBlock, machineKind: "node" };
    const lane = new Lane(folder, JSON.stringify(options));
    await lane.#start();
    await lane.#upload();
    await lane.#recovered(180_000);
    return lane;
  }

  async close(): Promise<void> {
    if (this.#cloud?.child.exitCode === null) {
      this.#cloud.child.kill("SIGTERM");
      await once(this.#cloud.child, "exit");
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /**
   * Uploads new content, has the cloud killed when its deployment enters the state, and starts it again. Rejects
   * when that does not end with the new content live and nothing left over.
   */
  async killAt(state: string): Promise<Recovery> {
    const { child } = this.#running();
    const gone = once(child, "exit", { signal: AbortSignal.timeout(120_000) });
    await writeFile(this.#order, state);
    await this.#upload();
    const [, signal] = await gone.catch(() => assert.fail(`No deployment entered ${state}.`));
    assert.equal(signal, "SIGKILL");
    await this.#start();
    const start = Date.now();
    const killed = await this.#newestExecution();
    await this.#recovered(240_000);
    return { state, seconds: (Date.now() - start) / 1_000, status: killed };
  }

  get #order(): string {
    return join(this.#folder, "kill-at");
  }

  #running(): Running {
    assert.ok(this.#cloud);
    return this.#cloud;
  }

  async #start(): Promise<void> {
    const args = ["--no-warnings", program, this.#options, this.#order];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout });
    const [line] = (await once(lines, "line", { signal: AbortSignal.timeout(120_000) })) as [string];
    this.#cloud = { child, ...(JSON.parse(line) as Omit<Running, "child">) };
  }

  #sdk() {
    const { environment } = this.#running();
    return {
      endpoint: environment.AWS_ENDPOINT_URL ?? "",
      region: environment.AWS_REGION ?? "",
      credentials: {
        accessKeyId: environment.AWS_ACCESS_KEY_ID ?? "",
        secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? "",
      },
    };
  }

  async #upload(): Promise<void> {
    this.#uploads += 1;
    const s3 = new S3Client(this.#sdk());
    const Body = `<h1>upload ${this.#uploads}</h1>`;
    await s3.send(
      new PutObjectCommand({ Bucket: this.#running().outputs.ContentBucket, Key: "index.html", Body }),
    );
    s3.destroy();
  }

  get #deployMachine(): string {
    return `arn:aws:states:${this.#sdk().region}:000000000000:stateMachine:mirage-pages-prod-deploy`;
  }

  async #newestExecution(): Promise<string> {
    const sfn = new SFNClient(this.#sdk());
    try {
      const list = new ListExecutionsCommand({ stateMachineArn: this.#deployMachine, maxResults: 20 });
      const { executions = [] } = await sfn.send(list);
      const all = await Promise.all(
        executions.map(({ executionArn }) => sfn.send(new DescribeExecutionCommand({ executionArn }))),
      );
      return all.some(({ status }) => status === "ABORTED") ? "ABORTED" : (all[0]?.status ?? "none");
    } finally {
      sfn.destroy();
    }
  }

  /**
   * Waits until the newest upload is served, nobody has the turn and no request waits, and looks for what is left
   * over. Reconcile's clock ticks every five minutes: it is invoked every few seconds, as its schedule would.
   */
  async #recovered(limitMs: number): Promise<void> {
    const s3 = new S3Client(this.#sdk());
    const lambda = new LambdaClient(this.#sdk());
    const { StateBucket: Bucket = "", SiteAddress = "" } = this.#running().outputs;
    const keys = async (Prefix: string) =>
      ((await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))).Contents ?? []).map(
        ({ Key = "" }) => Key,
      );
    try {
      const start = Date.now();
      for (let round = 0; ; round += 1) {
        const body = (await get(SiteAddress, "/").catch(() => undefined))?.body;
        const waiting = [...(await keys("requests/")), ...(await keys("turn/lock"))];
        if (body === `<h1>upload ${this.#uploads}</h1>` && waiting.length === 0) break;
        if (Date.now() - start > limitMs) {
          throw new Error(
            `After ${limitMs / 1_000} s the site serves ${body}; ${waiting.join(", ") || "nobody"} waits.`,
          );
        }
        if (round % 10 === 9)
          await lambda.send(
            new InvokeCommand({ FunctionName: "mirage-pages-prod-reconcile", Payload: "{}" }),
          );
        await pause(1_000);
      }
      const live = await s3.send(new GetObjectCommand({ Bucket, Key: "live.json" }));
      const { release } = JSON.parse((await live.Body?.transformToString()) ?? "{}") as { release: number };
      const told = JSON.parse((await get(SiteAddress, "/.well-known/mirage-pages")).body) as {
        release: number;
      };
      assert.equal(told.release, release, "the record and the machine tell the same release");
    } finally {
      s3.destroy();
      lambda.destroy();
    }
  }
}
