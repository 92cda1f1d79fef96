import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AwsError } from "../service.ts";

/** One line of a log: when (milliseconds since 1970) and what. */
export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
  readonly ingestionTime?: number;
}

/** CloudWatch Logs on files: a folder per group, a file of JSON lines per stream, names escaped. */
export class LogStore {
  private readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** Finds or creates a group. */
  createGroup(group: string): void {
    mkdirSync(this.groupPath(group), { recursive: true });
  }

  /** Whether a stream has been begun. */
  hasStream(group: string, stream: string): boolean {
    return existsSync(join(this.groupPath(group), escapeName(stream)));
  }

  /** Adds events to a stream, making group and stream as needed. */
  put(group: string, stream: string, events: readonly LogEvent[]): void {
    if (events.length === 0) return;
    this.createGroup(group);
    const ingestionTime = Date.now();
    const lines = events.map((event) => `${JSON.stringify({ ...event, ingestionTime })}\n`);
    appendFileSync(join(this.groupPath(group), escapeName(stream)), lines.join(""));
  }

  /** Names of all groups, sorted. */
  groups(): string[] {
    return readdirSync(this.directory).map(unescapeName).sort();
  }

  /** Streams of a group, sorted by name. Throws ResourceNotFoundException. */
  streams(group: string): { name: string; created: number; last: number; bytes: number }[] {
    const path = this.groupPath(group);
    if (!existsSync(path))
      throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
    return readdirSync(path)
      .sort()
      .map((file) => {
        const { birthtimeMs, mtimeMs, size } = statSync(join(path, file));
        return {
          name: unescapeName(file),
          created: Math.floor(birthtimeMs),
          last: Math.floor(mtimeMs),
          bytes: size,
        };
      });
  }

  /** The events of a stream in the order they came. Throws ResourceNotFoundException. */
  events(group: string, stream: string): LogEvent[] {
    const path = join(this.groupPath(group), escapeName(stream));
    if (!existsSync(path))
      throw new AwsError("ResourceNotFoundException", "The specified log stream does not exist.");
    const lines = readFileSync(path, "utf8").split("\n");
    return lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line) as LogEvent);
  }

  private groupPath(group: string): string {
    return join(this.directory, escapeName(group));
  }
}

function escapeName(name: string): string {
  return encodeURIComponent(name).replaceAll(".", "%2E");
}

function unescapeName(file: string): string {
  return decodeURIComponent(file);
}
