import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Execution, HistoryEvent } from "./types.ts";

type Line = { readonly execution: Execution } | { readonly event: HistoryEvent };

/** Executions and their histories on disk: a file each, which grows a line per event and per change of status. */
export class Archive {
  private readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** Every execution that was ever started, in no order, as it was last seen. */
  executions(): Execution[] {
    const found: Execution[] = [];
    for (const file of readdirSync(this.directory)) {
      const last = this.lines(join(this.directory, file)).findLast((line) => "execution" in line);
      if (last !== undefined) found.push(last.execution);
    }
    return found;
  }

  /** The history of an execution so far. */
  history(arn: string): HistoryEvent[] {
    return this.lines(this.path(arn)).flatMap((line) => ("event" in line ? [line.event] : []));
  }

  /** Writes an execution as it is now. */
  saveExecution(execution: Execution): void {
    this.append(execution.arn, { execution });
  }

  /** Adds an event to a history. */
  addEvent(arn: string, event: HistoryEvent): void {
    this.append(arn, { event });
  }

  private append(arn: string, line: Line): void {
    appendFileSync(this.path(arn), `${JSON.stringify(line)}\n`);
  }

  private lines(path: string): Line[] {
    const lines: Line[] = [];
    for (const text of readFileSync(path, "utf8").split("\n")) {
      // The last line of a killed process may be torn.
      if (!text.endsWith("}")) continue;
      try {
        lines.push(JSON.parse(text) as Line);
      } catch {
        break;
      }
    }
    return lines;
  }

  private path(arn: string): string {
    return join(this.directory, `${createHash("sha256").update(arn).digest("hex").slice(0, 40)}.jsonl`);
  }
}
