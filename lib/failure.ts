import * as z from "zod";

const lambdaError = z.object({ errorMessage: z.string() });

/** The message of an error as Step Functions hands it on: a Lambda's comes as JSON text with a trace. */
export function messageOf(cause: string): string {
  try {
    const parsed = lambdaError.safeParse(JSON.parse(cause));
    return parsed.success ? parsed.data.errorMessage : cause;
  } catch {
    return cause;
  }
}
