import type { Judge } from "../iam/judge.ts";
import type { InvocationResult } from "../lambda/types.ts";
import { AwsError } from "../service.ts";
import { isObject } from "../wire/members.ts";
import type { Details } from "./history.ts";
import { json } from "./history.ts";
import type { TaskFailure } from "./messages.ts";

/** What a Task ends with, and what the history says of it meanwhile. */
export type TaskEnd = { readonly output: unknown } | { readonly failure: TaskFailure };

const stateBytes = 256 * 1024;

/** What of Lambda the Tasks need. */
interface Invoked {
  find(name: string): { readonly arn: string };
  invoke(name: string, event: string): Promise<InvocationResult>;
}

/** Carries out the Tasks of state machines: Lambda functions, by their own ARN or through `lambda:invoke`. */
export class Tasks {
  private readonly functions: Invoked;
  private readonly judge: Pick<Judge, "refusal">;

  constructor(functions: Invoked, judge: Pick<Judge, "refusal">) {
    this.functions = functions;
    this.judge = judge;
  }

  /** Carries out one Task in the name of its machine's role and notes its events. Never rejects. */
  async run(
    roleArn: string,
    resource: string,
    input: unknown,
    note: (details: Details) => void,
  ): Promise<TaskEnd> {
    if (resource.includes(":lambda:") && resource.includes(":function:"))
      return this.direct(roleArn, resource, input, note);
    if (resource === "arn:aws:states:::lambda:invoke") return this.integrated(roleArn, input, note);
    const cause = `The local cloud does not implement the Task resource ${resource}.`;
    return { failure: { error: "States.Runtime", cause } };
  }

  private async direct(
    roleArn: string,
    resource: string,
    input: unknown,
    note: (details: Details) => void,
  ): Promise<TaskEnd> {
    const scheduled = { resource, input: json(input), inputDetails: { truncated: false } };
    note({ type: "LambdaFunctionScheduled", lambdaFunctionScheduledEventDetails: scheduled });
    note({ type: "LambdaFunctionStarted" });
    const end = await this.invoke(roleArn, resource, json(input));
    if ("failure" in end) {
      note({ type: "LambdaFunctionFailed", lambdaFunctionFailedEventDetails: { ...end.failure } });
      return end;
    }
    const succeeded = { output: end.result.payload, outputDetails: { truncated: false } };
    note({ type: "LambdaFunctionSucceeded", lambdaFunctionSucceededEventDetails: succeeded });
    return { output: JSON.parse(end.result.payload) as unknown };
  }

  private async integrated(
    roleArn: string,
    input: unknown,
    note: (details: Details) => void,
  ): Promise<TaskEnd> {
    const parameters = isObject(input) ? input : {};
    const kind = { resourceType: "lambda", resource: "invoke" };
    note({
      type: "TaskScheduled",
      taskScheduledEventDetails: { ...kind, region: "local", parameters: json(input) },
    });
    note({ type: "TaskStarted", taskStartedEventDetails: kind });
    const end = await this.invoke(roleArn, String(parameters.FunctionName), json(parameters.Payload ?? {}));
    if ("failure" in end) {
      note({ type: "TaskFailed", taskFailedEventDetails: { ...kind, ...end.failure } });
      return end;
    }
    const Payload = JSON.parse(end.result.payload) as unknown;
    const output = { ExecutedVersion: "$LATEST", Payload, StatusCode: 200 };
    note({ type: "TaskSucceeded", taskSucceededEventDetails: { ...kind, output: json(output) } });
    return { output };
  }

  private async invoke(
    roleArn: string,
    name: string,
    event: string,
  ): Promise<{ readonly result: InvocationResult } | { readonly failure: TaskFailure }> {
    let result: InvocationResult;
    try {
      const { arn } = this.functions.find(name);
      const refusal = this.judge.refusal(roleArn, "lambda:InvokeFunction", arn);
      if (refusal !== undefined) {
        const cause = `${refusal} (Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException)`;
        return { failure: { error: "Lambda.AWSLambdaException", cause } };
      }
      result = await this.functions.invoke(name, event);
    } catch (error) {
      // What Lambda itself refuses carries its name as a prefix.
      const code = error instanceof AwsError ? error.code : "ServiceException";
      return {
        failure: { error: `Lambda.${code}`, cause: error instanceof Error ? error.message : String(error) },
      };
    }
    if (result.error !== undefined)
      return { failure: { error: result.error.errorType, cause: result.payload } };
    if (Buffer.byteLength(result.payload) > stateBytes) {
      const cause = `The function '${name}' returned a result with a size exceeding the maximum number of bytes service limit.`;
      return { failure: { error: "States.DataLimitExceeded", cause } };
    }
    return { result };
  }
}
