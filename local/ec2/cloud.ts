import type { Readable } from "node:stream";
import type { Snapshots } from "../ebs/snapshots.ts";
import type { MayImport } from "../iam/import-role.ts";
import type { Caller } from "../service.ts";
import type { Disks } from "./disks.ts";
import type { Fleet } from "./fleet.ts";
import type { Imports } from "./import/imports.ts";
import type { Store } from "./store.ts";

/** An object in the local S3. */
export interface StoredObject {
  readonly size: number;
  /** Its bytes from `start` up to and including `end`. */
  stream(start?: number, end?: number): Readable;
}

/** Reads an object as the import service does. Rejects when there is none or it may not be read. */
export type ReadObject = (bucket: string, key: string) => Promise<StoredObject>;

/** What the actions work on. */
export interface Cloud {
  readonly store: Store;
  readonly disks: Disks;
  readonly snapshots: Snapshots;
  readonly fleet: Fleet;
  readonly imports: Imports;
  readonly mayImport: MayImport;
}

/** An action: takes the call's parameters and gives its answer, both as the AWS SDK has them. */
export interface Action {
  /** Members of the input that it heeds; a call with another one is refused rather than half done. */
  readonly accepts: readonly string[];
  run(input: object, cloud: Cloud, caller: Caller): Promise<object> | object;
}

/** Declares an action. DryRun is heeded for all of them by the service. */
export function action<Input extends object, Output extends object>(
  accepts: readonly (keyof Input & string)[],
  run: (input: Input, cloud: Cloud, caller: Caller) => Promise<Output> | Output,
): Action {
  return { accepts, run: (input, cloud, caller) => run(input as Input, cloud, caller) };
}
