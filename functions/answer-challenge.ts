import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from "aws-lambda";
import { answerKey } from "../lib/acme/answers.ts";
import { CHALLENGE_PATH } from "../lib/acme/reach.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { handlerChain } from "../lib/step.ts";

const TOKEN = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * Answers an ACME server that the site's machine sent here (RFC 8555, 8.3): what lies under the token, else 404.
 * It is open to everybody, so it writes no log of its own and knows nothing but the answers.
 */
export const handler = handlerChain<LambdaFunctionURLEvent, LambdaFunctionURLResult>().handler(
  async (event) => {
    const { method, path } = event.requestContext.http;
    if (method !== "GET" && method !== "HEAD")
      return text(405, "Only GET is answered here.\n", { allow: "GET, HEAD" });
    const token = path.startsWith(CHALLENGE_PATH) ? path.slice(CHALLENGE_PATH.length) : "";
    const answer = TOKEN.test(token) ? await find(token) : undefined;
    return answer === undefined ? text(404, "There is no such challenge.\n") : text(200, answer);
  },
);

/** Its role may list the answers alone: S3 may say 403 rather than 404 of what is not there. */
async function find(token: string): Promise<string | undefined> {
  try {
    return (await stateStore().get(answerKey(token)))?.body;
  } catch (error) {
    if (error instanceof Error && error.name === "AccessDenied") return undefined;
    throw error;
  }
}

function text(
  statusCode: number,
  body: string,
  headers: Record<string, string> = {},
): LambdaFunctionURLResult {
  const plain = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return { statusCode, headers: { ...plain, ...headers }, body };
}
