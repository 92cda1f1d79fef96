import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  type Tag,
} from "@aws-sdk/client-ec2";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  DescribeExecutionCommand,
  type ExecutionListItem,
  ListExecutionsCommand,
  SFNClient,
} from "@aws-sdk/client-sfn";
import {
  type Certificate,
  type Live,
  liveSchema,
  type Release,
  releaseSchema,
} from "../../lib/releases/records.ts";
import { keptReleases } from "../../lib/releases/retention.ts";
import { PARAMETERS } from "../kit/package.ts";
import type { KilledCloud } from "./killed-cloud.ts";

const MACHINES = ["deploy", "retire", "certificate"] as const;
const TAG_RELEASE = "mirage-pages:release";

/** What one start of a cloud holds, seen through the SDK as a person sees it. */
export class Standing {
  readonly #content: string;
  readonly #state: string;
  readonly #region: string;
  readonly #s3: S3Client;
  readonly #ec2: EC2Client;
  readonly #sfn: SFNClient;
  readonly #lambda: LambdaClient;

  constructor({ sdk, outputs }: KilledCloud) {
    this.#content = outputs.ContentBucket ?? "";
    this.#state = outputs.StateBucket ?? "";
    this.#region = sdk.region;
    this.#s3 = new S3Client(sdk);
    this.#ec2 = new EC2Client(sdk);
    this.#sfn = new SFNClient(sdk);
    this.#lambda = new LambdaClient(sdk);
  }

  close(): void {
    for (const client of [this.#s3, this.#ec2, this.#sfn, this.#lambda]) client.destroy();
  }

  async upload(Body: string): Promise<void> {
    await this.#s3.send(new PutObjectCommand({ Bucket: this.#content, Key: "index.html", Body }));
  }

  async empty(): Promise<void> {
    await this.#s3.send(new DeleteObjectCommand({ Bucket: this.#content, Key: "index.html" }));
  }

  /** Runs reconcile, as its schedule does every five minutes. */
  async reconcile(): Promise<void> {
    await this.#lambda.send(
      new InvokeCommand({ FunctionName: "mirage-pages-prod-reconcile", Payload: "{}" }),
    );
  }

  /** Of the state bucket; undefined where there is none. */
  async record<T>(Key: string): Promise<T | undefined> {
    try {
      const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.#state, Key }));
      return JSON.parse((await Body?.transformToString()) ?? "null") as T;
    } catch (error) {
      if (error instanceof Error && error.name === "NoSuchKey") return undefined;
      throw error;
    }
  }

  async live(): Promise<Live> {
    return liveSchema.parse(await this.record("live.json"));
  }

  async certificate(): Promise<Certificate | undefined> {
    return this.record<Certificate>("certificates/current.json");
  }

  /** Makes the current certificate one that is to be renewed by now, and forgets what the authority said. */
  async age(now: number, lifeDays: number): Promise<void> {
    const current = await this.certificate();
    const inDays = (days: number) => new Date(now + days * 86_400_000).toISOString();
    const aged = { ...current, notBefore: inDays(lifeDays * -0.9), notAfter: inDays(lifeDays * 0.1) };
    const Body = JSON.stringify(aged);
    await this.#s3.send(
      new PutObjectCommand({ Bucket: this.#state, Key: "certificates/current.json", Body }),
    );
    for (const Key of ["certificates/renewal.json", "certificates/attempts.json"])
      await this.#s3.send(new DeleteObjectCommand({ Bucket: this.#state, Key }));
  }

  /** Executions of all machines, with a status or of any. */
  async executions(status?: "RUNNING" | "ABORTED"): Promise<ExecutionListItem[]> {
    const lists = await Promise.all(
      MACHINES.map((name) =>
        this.#sfn.send(
          new ListExecutionsCommand({
            stateMachineArn: `arn:aws:states:${this.#region}:000000000000:stateMachine:mirage-pages-prod-${name}`,
            maxResults: 1000,
            ...(status && { statusFilter: status }),
          }),
        ),
      ),
    );
    return lists.flatMap(({ executions = [] }) => executions);
  }

  /** The last executions and how they ended, for people who look for what went wrong. */
  async told(): Promise<string> {
    const all = (await this.executions()).sort((a, b) => Number(b.startDate) - Number(a.startDate));
    const lines = all.slice(0, 4).map(async ({ executionArn, name, status }) => {
      const { error = "", cause = "" } = await this.#sfn.send(new DescribeExecutionCommand({ executionArn }));
      return [name, status, error, cause].join(" ").trim();
    });
    return (await Promise.all(lines)).join("\n");
  }

  /** Who is at work, or is waited for. */
  async busy(): Promise<string[]> {
    const running = (await this.executions("RUNNING")).map(({ name }) => `execution ${name}`);
    return [...(await this.#keys("requests/")), ...(await this.#keys("turn/")), ...running];
  }

  /** What is there that no kept release needs. Nobody is at work. */
  async leftovers(): Promise<string[]> {
    const live = await this.live();
    const releases = await this.#releases();
    const kept = keptReleases({ live, releases, keep: Number(PARAMETERS.keep) });
    const { Reservations = [] } = await this.#ec2.send(new DescribeInstancesCommand({}));
    const instances = Reservations.flatMap(({ Instances = [] }) => Instances).filter(
      ({ State }) => State?.Name !== "terminated",
    );
    const { Images = [] } = await this.#ec2.send(new DescribeImagesCommand({ Owners: ["self"] }));
    const { Snapshots = [] } = await this.#ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }));
    const { Volumes = [] } = await this.#ec2.send(new DescribeVolumesCommand({}));
    const uploads = await this.#s3.send(new ListMultipartUploadsCommand({ Bucket: this.#state }));
    const things: [string | undefined, string | undefined][] = [
      ...instances.map(({ InstanceId, Tags }): [string | undefined, string | undefined] => [
        InstanceId,
        releaseOf(Tags),
      ]),
      ...Images.map(({ ImageId, Tags }): [string | undefined, string | undefined] => [
        ImageId,
        releaseOf(Tags),
      ]),
      ...Snapshots.map(({ SnapshotId, Tags }): [string | undefined, string | undefined] => [
        SnapshotId,
        releaseOf(Tags),
      ]),
    ];
    return [
      ...things
        .filter(([, release]) => !kept.has(Number(release)))
        .map(([id, release]) => `${id} of release ${release}`),
      ...instances
        .filter(({ InstanceId, State }) => State?.Name === "running" && InstanceId !== live.instanceId)
        .map(({ InstanceId }) => `${InstanceId} still runs`),
      ...Volumes.filter(({ Attachments = [] }) => Attachments.length === 0).map(
        ({ VolumeId }) => `${VolumeId}`,
      ),
      ...(uploads.Uploads ?? []).map(({ Key }) => `an upload of ${Key}`),
      ...(await this.#keys("imports/")),
      ...releases
        .filter(({ status }) => status === "preparing")
        .map(({ number }) => `release ${number} is being prepared by nobody`),
    ];
  }

  async #releases(): Promise<Release[]> {
    const keys = await this.#keys("releases/");
    return Promise.all(keys.map(async (key) => releaseSchema.parse(await this.record(key))));
  }

  async #keys(Prefix: string): Promise<string[]> {
    const { Contents = [] } = await this.#s3.send(new ListObjectsV2Command({ Bucket: this.#state, Prefix }));
    return Contents.map(({ Key = "" }) => Key);
  }
}

function releaseOf(Tags: readonly Tag[] = []) {
  return Tags.find(({ Key }) => Key === TAG_RELEASE)?.Value;
}
