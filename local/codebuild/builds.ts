import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { AccessKey, Directory } from "../iam/directory.ts";
import type { Judge } from "../iam/judge.ts";
import type { LogStore } from "../logs/store.ts";
import { AwsError } from "../service.ts";
import { BuildRun } from "./run.ts";
import { endGroup } from "./shell.ts";
import { Transfer } from "./transfer.ts";
import type { Build, BuildStatus, Phase, Project, Variable } from "./types.ts";

/** What builds need of the local cloud. */
export interface BuildsOptions {
  readonly directory: string;
  readonly place: Place;
  readonly iam: Directory;
  readonly judge: Judge;
  readonly logs: LogStore;
}

/** What StartBuild changes about a project for one build. */
export interface StartOptions {
  readonly source: Readonly<Record<string, unknown>>;
  readonly artifacts: Readonly<Record<string, unknown>>;
  readonly environment: readonly Variable[];
  readonly buildspec: string | undefined;
  readonly token: string | undefined;
  readonly initiator: string;
  readonly timeoutMinutes: number | undefined;
}

/** CodeBuild: projects and builds, of which one runs at a time. */
export class Builds {
  private readonly options: BuildsOptions;
  private readonly projects = new Map<string, Project>();
  private readonly builds = new Map<string, Build>();
  private readonly queue: Build[] = [];
  private current: { build: Build; run: BuildRun; done: Promise<void> } | undefined;
  private stopped = false;

  /** Opens the builds of a directory; those that a dead cloud left running end as STOPPED. */
  constructor(options: BuildsOptions) {
    this.options = options;
    mkdirSync(this.recordDirectory, { recursive: true });
    endGroup(this.groupFile);
    rmSync(join(options.directory, "scratch"), { recursive: true, force: true });
    for (const file of readdirSync(this.recordDirectory).filter((name) => name.endsWith(".json"))) {
      const build = JSON.parse(readFileSync(join(this.recordDirectory, file), "utf8")) as Build;
      this.builds.set(build.id, build);
      if (build.status === "IN_PROGRESS") this.finish(build, "STOPPED");
    }
  }

  /**
   * Adds a project, or replaces the one of its name.
   * Throws InvalidInputException for a role that CodeBuild may not assume.
   */
  define(project: Project): void {
    this.assumeRole(project);
    this.projects.set(project.name, project);
  }

  /** A project by name or ARN. Throws ResourceNotFoundException. */
  project(nameOrArn: string): Project {
    const name = nameOrArn.split("project/").at(-1) ?? "";
    const project = this.projects.get(name);
    if (project === undefined)
      throw new AwsError("ResourceNotFoundException", `Project cannot be found: ${nameOrArn}`);
    return project;
  }

  /** All projects. */
  allProjects(): Project[] {
    return [...this.projects.values()];
  }

  /** A build by id or ARN. */
  find(idOrArn: string): Build | undefined {
    return this.builds.get(idOrArn.split("build/").at(-1) ?? "");
  }

  /** Builds of a project, the youngest first. */
  buildsOf(project: string): Build[] {
    return [...this.builds.values()]
      .filter((build) => build.project === project)
      .sort((a, b) => b.number - a.number);
  }

  /** Queues a build, or finds the one of the same token. Throws InvalidInputException for a token reused otherwise. */
  start(project: Project, options: StartOptions): Build {
    const { token } = options;
    const known = this.buildsOf(project.name).find((build) => token !== undefined && build.token === token);
    if (known !== undefined) {
      const same = JSON.stringify([known.source, known.artifacts, known.environment]);
      if (same === JSON.stringify([options.source, options.artifacts, options.environment])) return known;
      throw new AwsError("InvalidInputException", "The idempotency token was used with other parameters.");
    }
    const uuid = randomUUID();
    const id = `${project.name}:${uuid}`;
    const now = Date.now();
    const build: Build = {
      id,
      arn: arn(this.options.place, "codebuild", `build/${id}`),
      number: (this.buildsOf(project.name)[0]?.number ?? 0) + 1,
      project: project.name,
      source: options.source,
      artifacts: options.artifacts,
      environment: options.environment,
      buildspec: options.buildspec,
      token,
      initiator: options.initiator,
      logGroup: project.logGroup,
      logStream: uuid,
      started: now,
      timeoutMinutes: options.timeoutMinutes ?? project.timeoutMinutes,
      phases: [
        { type: "SUBMITTED", started: now, ended: now, status: "SUCCEEDED" },
        { type: "QUEUED", started: now },
      ],
      status: "IN_PROGRESS",
      currentPhase: "QUEUED",
    };
    this.builds.set(id, build);
    this.save(build);
    this.queue.push(build);
    this.next();
    return build;
  }

  /** Stops a build that runs or waits. Throws ResourceNotFoundException. */
  async stopBuild(idOrArn: string): Promise<Build> {
    const build = this.find(idOrArn);
    if (build === undefined)
      throw new AwsError("ResourceNotFoundException", `Build cannot be found: ${idOrArn}`);
    const waiting = this.queue.indexOf(build);
    if (waiting >= 0) {
      this.queue.splice(waiting, 1);
      this.finish(build, "STOPPED");
    } else if (this.current?.build === build) {
      await this.current.run.stop("STOPPED");
      await this.current?.done;
    }
    return build;
  }

  /** Stops everything: the build that runs with all its processes, and those that wait. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const build of this.queue.splice(0)) this.finish(build, "STOPPED");
    await this.current?.run.stop("STOPPED");
    await this.current?.done;
  }

  private next(): void {
    if (this.current !== undefined || this.stopped) return;
    const build = this.queue.shift();
    if (build === undefined) return;
    const project = this.project(build.project);
    const now = Date.now();
    const queued = build.phases.find(({ type }) => type === "QUEUED");
    if (queued !== undefined)
      Object.assign(queued, { ended: now, status: "SUCCEEDED" } satisfies Partial<Phase>);
    if (now - build.started > project.queuedTimeoutMinutes * 60_000) {
      this.finish(build, "TIMED_OUT");
      this.next();
      return;
    }
    build.phases.push({ type: "PROVISIONING", started: now, ended: now, status: "SUCCEEDED" });
    const run = this.runOf(build, project);
    const done = run.run().then((status) => {
      this.finish(build, status);
      this.current = undefined;
      this.next();
    });
    this.current = { build, run, done };
  }

  private runOf(build: Build, project: Project): BuildRun {
    const { directory, place } = this.options;
    const key = this.assumeRole(project);
    return new BuildRun({
      build,
      project,
      directory: join(directory, "scratch", build.logStream),
      groupFile: this.groupFile,
      transfer: new Transfer(place, key),
      environment: {
        PATH: process.env.PATH ?? "/usr/bin:/bin",
        HOME: homedir(),
        LANG: "C.UTF-8",
        ...Object.fromEntries(project.environment.map(({ name, value }) => [name, value])),
        AWS_ENDPOINT_URL: place.endpoint,
        AWS_REGION: place.region,
        AWS_DEFAULT_REGION: place.region,
        AWS_ACCESS_KEY_ID: key.accessKeyId,
        AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
        ...(key.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: key.sessionToken }),
        CODEBUILD_BUILD_ARN: build.arn,
        CODEBUILD_BUILD_ID: build.id,
        CODEBUILD_BUILD_IMAGE: project.image,
        CODEBUILD_BUILD_NUMBER: String(build.number),
        CODEBUILD_INITIATOR: build.initiator,
        CODEBUILD_LOG_PATH: build.logStream,
        CODEBUILD_START_TIME: String(build.started),
        CODEBUILD_CI: "true",
      },
      log: (message) => this.log(build, project, message),
      changed: () => this.save(build),
    });
  }

  /** As on AWS: a build that may not write its log runs all the same. */
  private log({ logGroup, logStream }: Build, { roleArn }: Project, message: string): void {
    const { logs, judge, place } = this.options;
    const group = arn(place, "logs", `log-group:${logGroup}`);
    const started = logs.hasStream(logGroup, logStream);
    if (!started && !judge.allows(roleArn, "logs:CreateLogStream", `${group}:*`)) return;
    if (!judge.allows(roleArn, "logs:PutLogEvents", `${group}:log-stream:${logStream}`)) return;
    logs.put(logGroup, logStream, [{ timestamp: Date.now(), message }]);
  }

  private assumeRole({ roleArn, arn: sourceArn }: Project): AccessKey {
    const key = this.options.iam.assume(roleArn, { service: "codebuild.amazonaws.com", sourceArn });
    if (key !== undefined) return key;
    const text = `CodeBuild is not authorized to perform: sts:AssumeRole on ${roleArn}`;
    throw new AwsError("InvalidInputException", text);
  }

  private finish(build: Build, status: BuildStatus): void {
    const now = Date.now();
    for (const phase of build.phases) if (phase.ended === undefined) phase.ended = now;
    build.phases.push({ type: "COMPLETED", started: now });
    Object.assign(build, { status, ended: now, currentPhase: "COMPLETED" } satisfies Partial<Build>);
    this.save(build);
  }

  private save(build: Build): void {
    const path = join(this.recordDirectory, `${build.logStream}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(build));
    renameSync(`${path}.new`, path);
  }

  /** One build runs at a time, so one file says which processes are its own. */
  private get groupFile(): string {
    return join(this.options.directory, "group.json");
  }

  private get recordDirectory(): string {
    return join(this.options.directory, "builds");
  }
}
