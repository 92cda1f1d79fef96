/** A function as the template declares it, its package unpacked. */
export interface FunctionConfig {
  readonly name: string;
  readonly arn: string;
  /** "functions/take-turn.handler": module path, then the exported name. */
  readonly handler: string;
  readonly roleArn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMiB: number;
  readonly ephemeralMiB: number;
  /** How many may run at once; undefined shares the account's limit. */
  readonly reservedConcurrency: number | undefined;
  readonly logGroup: string;
  /** Where the package is unpacked. */
  readonly codeDirectory: string;
  /** Base64 SHA-256 of the zip, as GetFunction gives it. */
  readonly codeSha256: string;
  readonly codeBytes: number;
  /** Milliseconds since 1970. */
  readonly lastModified: number;
  readonly runtime: string;
}

/** What an invocation ends with: the payload, or an error in Lambda's form. */
export interface InvocationResult {
  /** JSON text; "null" when the function returned nothing. */
  readonly payload: string;
  readonly error: InvocationError | undefined;
  readonly requestId: string;
}

export interface InvocationError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/** From us to the runtime. */
export interface RuntimeRequest {
  readonly id: string;
  /** JSON text. */
  readonly event: string;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly arn: string;
}

/** From the runtime to us. */
export type RuntimeMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "init-error"; readonly error: InvocationError }
  | { readonly kind: "log"; readonly line: string }
  | { readonly kind: "result"; readonly id: string; readonly payload: string }
  | { readonly kind: "error"; readonly id: string; readonly error: InvocationError };
