import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Buildspec, SpecPhase } from "./buildspec.ts";
import { readBuildspec } from "./buildspec.ts";
import { restoreCache, saveCache } from "./cache.ts";
import { BuildShell } from "./shell.ts";
import type { Transfer } from "./transfer.ts";
import type { Build, BuildStatus, Phase, Project } from "./types.ts";

/** Where and with what a build runs. */
export interface RunOptions {
  readonly build: Build;
  readonly project: Project;
  readonly directory: string;
  /** Where the process group of its commands is noted. */
  readonly groupFile: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly transfer: Transfer;
  readonly log: (line: string) => void;
  /** Called whenever the build's record has changed. */
  readonly changed: () => void;
}

/** A failed phase: the code and text of its context. */
class PhaseFailed extends Error {
  override readonly name = "PhaseFailed";
  readonly statusCode: string;

  constructor(statusCode: string, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/**
 * Runs one build from DOWNLOAD_SOURCE to COMPLETED. `stop` ends it early.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html#view-build-details-phases
 */
export class BuildRun {
  private readonly options: RunOptions;
  private shell: BuildShell | undefined;
  private stoppedAs: "STOPPED" | "TIMED_OUT" | undefined;
  private succeeding = true;

  constructor(options: RunOptions) {
    this.options = options;
  }

  /** Ends the build's commands; its record ends with this status. */
  async stop(status: "STOPPED" | "TIMED_OUT"): Promise<void> {
    this.stoppedAs ??= status;
    await this.shell?.stop();
  }

  /** Runs the build to its end and returns its status. Never rejects. */
  async run(): Promise<BuildStatus> {
    const { build, transfer, directory } = this.options;
    const limit = setTimeout(() => void this.stop("TIMED_OUT"), build.timeoutMinutes * 60_000);
    try {
      let source = "";
      let spec: Buildspec | undefined;
      await this.phase("DOWNLOAD_SOURCE", async () => {
        source = await transfer.fetchSource(String(build.source.location), directory);
        spec = this.readSpec(source);
      });
      if (spec !== undefined && this.succeeding) await this.runSpec(spec, source);
    } finally {
      clearTimeout(limit);
      await this.shell?.stop();
      transfer.close();
      rmSync(directory, { recursive: true, force: true });
    }
    return this.stoppedAs ?? (this.succeeding ? "SUCCEEDED" : "FAILED");
  }

  private async runSpec(spec: Buildspec, source: string): Promise<void> {
    const { build, project, log, transfer } = this.options;
    const { cache } = project;
    if (cache !== undefined) await this.tryCache("download", () => restoreCache(transfer, cache, source));
    const overrides = Object.fromEntries(build.environment.map(({ name, value }) => [name, value]));
    const environment = { ...spec.variables, ...this.options.environment, ...overrides };
    this.shell = new BuildShell({
      shell: spec.shell,
      directory: source,
      environment: { ...environment, ...this.sourceVariables(source) },
      log,
      groupFile: this.options.groupFile,
    });
    for (const name of ["install", "pre_build", "build", "post_build"] as const) {
      const phase = spec.phases.find((one) => one.name === name);
      // A failed BUILD still has its POST_BUILD; what fails before it ends the build.
      if (!this.succeeding && name !== "post_build") return;
      if (phase !== undefined) await this.phase(name.toUpperCase(), () => this.commands(phase));
      if (this.stoppedAs !== undefined) return;
      if (!this.succeeding && name !== "build" && phase?.onFailure !== "CONTINUE") return;
    }
    if (spec.artifacts.files.length > 0)
      await this.phase("UPLOAD_ARTIFACTS", () => this.upload(spec, source));
    if (this.succeeding && cache !== undefined)
      await this.tryCache("upload", () => saveCache(transfer, cache, source, spec.cachePaths));
  }

  /** A build goes on without its cache. */
  private async tryCache(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.container(`Unable to ${what} cache: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private async commands(phase: SpecPhase): Promise<void> {
    let failure: PhaseFailed | undefined;
    await this.shell?.run(`export CODEBUILD_BUILD_SUCCEEDING=${this.succeeding ? 1 : 0}`);
    for (const command of phase.commands) {
      failure = await this.command(command);
      if (failure !== undefined) break;
    }
    for (const command of phase.finally) {
      const last = await this.command(command);
      failure ??= last;
    }
    if (failure !== undefined) throw failure;
  }

  private async command(command: string): Promise<PhaseFailed | undefined> {
    this.container(`Running command ${command}`);
    const status = (await this.shell?.run(command)) ?? 137;
    if (status === 0) return undefined;
    const message = `Error while executing command: ${command}. Reason: exit status ${status}`;
    return new PhaseFailed("COMMAND_EXECUTION_ERROR", message);
  }

  private async upload(spec: Buildspec, source: string): Promise<void> {
    const { build, transfer } = this.options;
    const { location, path, name } = build.artifacts;
    const parts = [path, name === "/" ? "" : (name ?? build.project)].map((part) => String(part ?? ""));
    const prefix = parts
      .map((part) => part.replace(/^\/+|\/+$/g, ""))
      .filter((part) => part !== "")
      .join("/");
    const folder = prefix === "" ? "" : `${prefix}/`;
    const count = await transfer.sendArtifacts(source, spec.artifacts, String(location), folder);
    if (count === 0)
      throw new PhaseFailed(
        "CLIENT_ERROR",
        `no matching artifact paths found: ${spec.artifacts.files.join(", ")}`,
      );
    build.artifactLocation = `arn:aws:s3:::${String(location)}/${prefix}`;
  }

  private async phase(type: string, work: () => Promise<void>): Promise<void> {
    const { build, changed } = this.options;
    const phase: Phase = { type, started: Date.now() };
    build.phases.push(phase);
    build.currentPhase = type;
    changed();
    this.container(`Entering phase ${type}`);
    try {
      await work();
      phase.status = "SUCCEEDED";
    } catch (error) {
      this.succeeding = false;
      phase.status = this.stoppedAs ?? "FAILED";
      const statusCode = error instanceof PhaseFailed ? error.statusCode : codeOf(type);
      phase.context = { statusCode, message: error instanceof Error ? error.message : String(error) };
    }
    if (this.stoppedAs !== undefined) phase.status = this.stoppedAs;
    phase.ended = Date.now();
    this.container(`Phase complete: ${type} State: ${phase.status}`);
    const { statusCode = "", message = "" } = phase.context ?? {};
    this.container(`Phase context status code: ${statusCode} Message: ${message}`);
    changed();
  }

  private readSpec(source: string): Buildspec {
    const given = this.options.build.buildspec;
    if (given?.includes("\n")) return readBuildspec(given);
    const path = join(source, given ?? "buildspec.yml");
    if (!existsSync(path))
      throw new PhaseFailed("YAML_FILE_ERROR", `stat ${path}: no such file or directory`);
    return readBuildspec(readFileSync(path, "utf8"));
  }

  private sourceVariables(source: string): Record<string, string> {
    return { CODEBUILD_SRC_DIR: source, CODEBUILD_BUILD_SUCCEEDING: "1", PWD: source };
  }

  private container(text: string): void {
    const now = new Date().toISOString().replaceAll("-", "/").replace("T", " ").replace("Z", "000");
    this.options.log(`[Container] ${now} ${text}`);
  }
}

function codeOf(type: string): string {
  return type === "DOWNLOAD_SOURCE"
    ? "CLIENT_ERROR"
    : type === "UPLOAD_ARTIFACTS"
      ? "UPLOAD_ERROR"
      : "INTERNAL_ERROR";
}
