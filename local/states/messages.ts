/** An event as aws-local-stepfunctions tells it; only what is used of it. */
export interface InterpretedEvent {
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly state?: {
    readonly name: string;
    readonly type: string;
    readonly input?: unknown;
    readonly output?: unknown;
  };
  readonly parentState?: { readonly name: string };
  readonly index?: number;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly Error?: string;
  readonly Cause?: unknown;
}

/** Why a Task failed: the name that ErrorEquals matches, and the text that says more. */
export interface TaskFailure {
  readonly error: string;
  readonly cause: string;
}

/** To the interpreting thread. */
export type ToInterpreter =
  | {
      readonly kind: "run";
      readonly execution: string;
      readonly definition: unknown;
      readonly input: unknown;
      readonly context: Record<string, unknown>;
    }
  | { readonly kind: "abort"; readonly execution: string }
  | {
      readonly kind: "task-end";
      readonly task: number;
      readonly output?: unknown;
      readonly failure?: TaskFailure;
    };

/** From the interpreting thread. */
export type FromInterpreter =
  | { readonly kind: "event"; readonly execution: string; readonly event: InterpretedEvent }
  | {
      readonly kind: "task";
      readonly execution: string;
      readonly task: number;
      readonly state: string;
      readonly resource: string;
      readonly input: unknown;
    }
  | { readonly kind: "end"; readonly execution: string };
