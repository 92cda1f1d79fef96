/** A state machine of the template. */
export interface Machine {
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  /** Amazon States Language, as text and parsed. */
  readonly definitionText: string;
  readonly definition: Record<string, unknown>;
  /** Milliseconds since 1970. */
  readonly created: number;
}

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** What DescribeExecution tells. Times are milliseconds since 1970. */
export interface Execution {
  readonly arn: string;
  readonly name: string;
  readonly machineArn: string;
  readonly started: number;
  /** JSON texts. */
  readonly input: string;
  status: ExecutionStatus;
  stopped?: number | undefined;
  output?: string | undefined;
  error?: string | undefined;
  cause?: string | undefined;
}

/** One event of a history in AWS's own shape, but with its time in milliseconds. */
export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: number;
  readonly type: string;
  readonly [details: string]: unknown;
}
