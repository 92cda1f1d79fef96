import { accountId } from "../../../local/account.ts";
import type { StartOptions } from "../../../local/codebuild/builds.ts";
import type { Build, Project } from "../../../local/codebuild/types.ts";
import { AwsError } from "../../../local/service.ts";
import type { Clock } from "../world/clock.ts";

/** How one build goes. */
export interface BuildFate {
  readonly seconds: number;
  readonly ends: "SUCCEEDED" | "FAILED" | "TIMED_OUT";
  /** It succeeds and yet leaves nothing. */
  readonly empty?: boolean;
}

export interface SimulatedBuildsOptions {
  readonly clock: Clock;
  readonly fate: () => BuildFate;
  readonly newId: () => string;
  /** Stores what a build makes: the boot partition of these inputs. */
  readonly keep: (key: string, bytes: Buffer) => void;
  readonly trace: (line: string) => void;
}

const PROJECT = "simulated-build";

/**
 * CodeBuild without a shell: builds take their time and end as fate has it. What local/codebuild runs is a
 * real buildspec in a real directory, which has no place in virtual time.
 */
export class SimulatedBuilds {
  readonly #options: SimulatedBuildsOptions;
  readonly #builds: Build[] = [];
  readonly #project: Project = {
    name: PROJECT,
    arn: `arn:aws:codebuild:us-east-1:${accountId}:project/${PROJECT}`,
    roleArn: "",
    source: { type: "NO_SOURCE" },
    artifacts: { type: "NO_ARTIFACTS" },
    environment: [],
    image: "simulated",
    computeType: "BUILD_GENERAL1_SMALL",
    timeoutMinutes: 30,
    queuedTimeoutMinutes: 30,
    logGroup: "builds",
    cache: undefined,
  };

  constructor(options: SimulatedBuildsOptions) {
    this.#options = options;
  }

  project(): Project {
    return this.#project;
  }

  allProjects(): Project[] {
    return [this.#project];
  }

  allBuilds(): readonly Build[] {
    return this.#builds;
  }

  find(id: string): Build | undefined {
    return this.#builds.find((build) => build.id === id);
  }

  buildsOf(): Build[] {
    return this.#builds.toReversed();
  }

  /** Starts a build, or finds the one of the same token. */
  start(project: Project, options: StartOptions): Build {
    const known = this.#builds.find(({ token }) => token !== undefined && token === options.token);
    if (known !== undefined) return known;
    const { clock, fate, newId, trace } = this.#options;
    const id = `${PROJECT}:${newId()}`;
    const build: Build = {
      ...{ id, arn: `arn:aws:codebuild:us-east-1:${accountId}:build/${id}`, number: this.#builds.length + 1 },
      ...{ project: project.name, source: options.source, artifacts: options.artifacts },
      ...{ environment: options.environment, buildspec: options.buildspec, token: options.token },
      ...{ initiator: options.initiator, logGroup: "builds", logStream: id, started: clock.now },
      ...{ timeoutMinutes: 30, phases: [], status: "IN_PROGRESS", currentPhase: "BUILD" },
    };
    this.#builds.push(build);
    const { seconds, ends, empty } = fate();
    trace(`build ${this.#builds.length} begins; it will be ${ends} after ${Math.round(seconds)} s`);
    clock.after(seconds * 1000, () => {
      build.status = ends;
      build.ended = clock.now;
      build.currentPhase = "COMPLETED";
      const { path = "", name = "" } = options.artifacts as { path?: string; name?: string };
      if (ends === "SUCCEEDED" && empty !== true) this.#options.keep(`${path}/${name}/boot.img`, bootImage());
    });
    return build;
  }

  stopBuild(): never {
    throw new AwsError("NotImplemented", "Nobody stops simulated builds.", 501);
  }

  async stop(): Promise<void> {}
}

/** The least FAT12 volume that holds EFI/BOOT/BOOTX64.EFI: what firmware looks for. */
function bootImage(): Buffer {
  const image = Buffer.alloc(64 * 512);
  image.set([0xeb, 0x3c, 0x90], 0);
  image.write("SIMULATE", 3, "latin1");
  image.writeUInt16LE(512, 11); // bytes a sector
  image.writeUInt8(1, 13); // sectors a cluster
  image.writeUInt16LE(1, 14); // reserved sectors
  image.writeUInt8(1, 16); // tables
  image.writeUInt16LE(16, 17); // entries of the root directory
  image.writeUInt16LE(64, 19); // sectors
  image.writeUInt8(0xf8, 21);
  image.writeUInt16LE(1, 22); // sectors of a table
  image.writeUInt16LE(0xaa55, 510);
  // Clusters 2 (EFI), 3 (BOOT) and 4 (the file) each end their chain.
  image.set([0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 512);
  const [root, data] = [2 * 512, 3 * 512];
  directoryEntry(image, root, "EFI        ", 0x10, 2, 0);
  directoryEntry(image, data, "BOOT       ", 0x10, 3, 0);
  directoryEntry(image, data + 512, "BOOTX64 EFI", 0x20, 4, 16);
  image.write("unified kernel", data + 1024, "latin1");
  return image;
}

function directoryEntry(
  image: Buffer,
  at: number,
  name: string,
  attributes: number,
  cluster: number,
  bytes: number,
): void {
  image.write(name, at, "latin1");
  image.writeUInt8(attributes, at + 11);
  image.writeUInt16LE(cluster, at + 26);
  image.writeUInt32LE(bytes, at + 28);
}
