import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { atEndpoint } from "../../cli/aws.ts";
import { type Live, liveSchema, type Release, releaseSchema } from "../../lib/releases/records.ts";
import { type Cloud, type CloudOptions, startCloud } from "../../local/cloud.ts";
import { quickBuild, type Template, testPackage, withSources, withTemplate } from "./package.ts";
import { recorder } from "./recording.ts";

/** How an execution of the deploy machine ended. */
export interface Ended {
  readonly name: string;
  readonly status: string;
  readonly error: string;
  readonly cause: string;
  /** Of the machine's output: live, nothing, elsewhere; `failed` when the execution failed. */
  readonly outcome: string;
  readonly message: string;
}

export interface StackOptions {
  readonly machineKind?: "qemu" | "node";
  /** What start-build carries: "real" takes the repository's, else these files. Default: quickBuild. */
  readonly sources?: "real" | Readonly<Record<string, string>>;
  /** Parameters of the stack beside those that make tests short. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly hostedZones?: CloudOptions["hostedZones"];
  readonly onCall?: CloudOptions["onCall"];
  readonly onDecision?: CloudOptions["onDecision"];
  /**
   * False where a test itself calls with a role's credentials, changes policies or means calls to be refused:
   * its calls say nothing of what the functions need. Default: true.
   */
  readonly recorded?: boolean;
  /** Changes the template before it comes up. */
  readonly change?: (template: Template) => void;
}

/** The packaged stack on a local cloud of its own, driven through the real SDK. */
export class TestStack {
  readonly cloud: Cloud;
  readonly dataDir: string;
  readonly content: string;
  readonly state: string;
  readonly address: string;
  /** Options for further SDK clients of this cloud. */
  readonly sdk: {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
  };
  readonly #s3: S3Client;
  readonly #sfn: SFNClient;
  readonly #lambda: LambdaClient;
  readonly #remove: () => Promise<void>;

  private constructor(cloud: Cloud, dataDir: string, remove: () => Promise<void>) {
    this.cloud = cloud;
    this.dataDir = dataDir;
    this.#remove = remove;
    const { ContentBucket = "", StateBucket = "", SiteAddress = "" } = cloud.outputs;
    this.content = ContentBucket;
    this.state = StateBucket;
    this.address = SiteAddress;
    const { AWS_ENDPOINT_URL: endpoint = "", AWS_REGION: region = "" } = cloud.environment;
    const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } =
      cloud.environment;
    this.sdk = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
    this.#s3 = new S3Client(this.sdk);
    this.#sfn = new SFNClient(this.sdk);
    this.#lambda = new LambdaClient(this.sdk);
  }

  static async start({
    machineKind = "node",
    sources = quickBuild,
    parameters,
    hostedZones,
    onCall,
    onDecision,
    recorded = true,
    change,
  }: StackOptions = {}): Promise<TestStack> {
    const folder = await mkdtemp(join(tmpdir(), "mp-stack-"));
    const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
    try {
      const packaged = await testPackage(parameters);
      const copy = join(folder, "package");
      const carrying = sources === "real" ? packaged : await withSources(packaged, copy, sources);
      const packageDir = change === undefined ? carrying : await withTemplate(carrying, copy, change);
      const record = recorded ? recorder(parameters) : undefined;
      const dataDir = join(folder, "data");
      const addressBlock = `127.${randomInt(100, 250)}.${randomInt(1, 250)}`;
      const cloud = await startCloud({
        dataDir,
        packageDir,
        port: 0,
        addressBlock,
        machineKind,
        ...(hostedZones && { hostedZones }),
        ...(onCall && { onCall }),
        onDecision: (decision) => {
          record?.(decision);
          onDecision?.(decision);
        },
      });
      return new TestStack(cloud, dataDir, remove);
    } catch (error) {
      await remove();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const client of [this.#s3, this.#sfn, this.#lambda]) client.destroy();
    await this.cloud.stop();
    await this.#remove();
  }

  /** Invokes a function of the stack. Rejects with an error that bears the thrown error's name and message. */
  async invoke(name: string, input: unknown): Promise<unknown> {
    const FunctionName = `mirage-pages-prod-${name}`;
    const { Payload, FunctionError } = await this.#lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(input) }),
    );
    const result: unknown = JSON.parse(Payload?.transformToString() || "null");
    if (FunctionError === undefined) return result;
    const { errorType, errorMessage } = result as { errorType: string; errorMessage: string };
    throw Object.assign(new Error(errorMessage), { name: errorType });
  }

  async put(Bucket: string, Key: string, Body: string | Buffer): Promise<void> {
    await this.#s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  }

  async delete(Bucket: string, Key: string): Promise<void> {
    await this.#s3.send(new DeleteObjectCommand({ Bucket, Key }));
  }

  /** The text of an object of the state bucket; undefined where there is none. */
  async read(Key: string): Promise<string | undefined> {
    try {
      const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.state, Key }));
      return await Body?.transformToString();
    } catch (error) {
      if (error instanceof Error && error.name === "NoSuchKey") return undefined;
      throw error;
    }
  }

  /** The bytes of an object of the state bucket. */
  async bytes(Key: string): Promise<Buffer> {
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.state, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  async keys(Bucket: string, Prefix = ""): Promise<string[]> {
    const { Contents } = await this.#s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
    return (Contents ?? []).map(({ Key }) => Key ?? "");
  }

  async live(): Promise<Live | undefined> {
    const text = await this.read("live.json");
    return text === undefined ? undefined : liveSchema.parse(JSON.parse(text));
  }

  async releases(): Promise<Release[]> {
    const keys = await this.keys(this.state, "releases/");
    return Promise.all(
      keys.map(async (key) => releaseSchema.parse(JSON.parse((await this.read(key)) ?? ""))),
    );
  }

  /** Runs the AWS CLI against this cloud and returns what it prints. */
  async aws(...args: string[]): Promise<string> {
    const env = { ...process.env, ...this.cloud.environment };
    return (
      await promisify(execFile)("aws", atEndpoint(this.cloud.endpoint, ...args), {
        env,
        maxBuffer: 64 * 1024 * 1024,
      })
    ).stdout;
  }

  machineArn(name: "deploy" | "retire" | "certificate"): string {
    return `arn:aws:states:${this.cloud.environment.AWS_REGION}:000000000000:stateMachine:mirage-pages-prod-${name}`;
  }

  /**
   * Does something, then waits until the stack is at rest again: at least one deployment ended, none runs, no
   * request waits, and nobody has the turn. Returns the deployments that ended meanwhile, oldest first, those that left it to others
   * not counted.
   */
  async settleAfter(act: () => Promise<unknown>, limitMs = 120_000): Promise<Ended[]> {
    const before = new Set((await this.#executions()).map(({ executionArn }) => executionArn));
    await act();
    let quietSince = 0;
    for (const start = Date.now(); Date.now() - start < limitMs; await pause(100)) {
      const fresh = (await this.#executions()).filter(({ executionArn }) => !before.has(executionArn));
      const busy = fresh.length === 0 || fresh.some(({ status }) => status === "RUNNING");
      const waiting =
        busy ||
        (await this.keys(this.state, "requests/")).length > 0 ||
        (await this.read("turn/lock.json")) !== undefined;
      quietSince = waiting ? 0 : quietSince || Date.now();
      if (quietSince !== 0 && Date.now() - quietSince > 1_500)
        return this.#ended(fresh.map(({ executionArn }) => executionArn ?? ""));
    }
    throw new Error(`The stack was not at rest within ${limitMs / 1000} s.`);
  }

  async #executions() {
    const query = new ListExecutionsCommand({ stateMachineArn: this.machineArn("deploy"), maxResults: 200 });
    return (await this.#sfn.send(query)).executions ?? [];
  }

  async #ended(arns: string[]): Promise<Ended[]> {
    const all = await Promise.all(arns.reverse().map((arn) => this.#outcome(arn)));
    return all.filter(
      ({ outcome, message }) => outcome !== "elsewhere" && !message.startsWith("No request waits"),
    );
  }

  async #outcome(executionArn: string): Promise<Ended> {
    const {
      name = "",
      status = "",
      error = "",
      cause = "",
      output,
    } = await this.#sfn.send(new DescribeExecutionCommand({ executionArn }));
    const told = JSON.parse(output ?? "{}") as { outcome?: string; message?: string };
    return { name, status, error, cause, outcome: told.outcome ?? "failed", message: told.message ?? cause };
  }
}
