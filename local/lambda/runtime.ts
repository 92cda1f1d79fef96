/**
 * The program in each function's process: loads the handler, then answers one event after the other. It keeps to
 * what the nodejs24.x runtime does: promises only, console lines headed by time, request id and level.
 */
import { existsSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import type { InvocationError, RuntimeMessage, RuntimeRequest } from "./types.ts";

type Handler = (event: unknown, context: Record<string, unknown>) => unknown;

let currentRequest = "";

const send = (message: RuntimeMessage): void => {
  process.send?.(message);
};

function headConsole(): void {
  const levels = {
    log: "INFO",
    info: "INFO",
    warn: "WARN",
    error: "ERROR",
    debug: "DEBUG",
    trace: "TRACE",
  } as const;
  for (const [method, level] of Object.entries(levels)) {
    Object.assign(console, {
      [method]: (...values: unknown[]) => {
        const line = `${new Date().toISOString()}\t${currentRequest}\t${level}\t${format(...values)}`;
        send({ kind: "log", line });
      },
    });
  }
}

function errorOf(thrown: unknown): InvocationError {
  if (!(thrown instanceof Error))
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  const trace = (thrown.stack ?? "").split("\n").map((line) => line.trim());
  return { errorType: thrown.name, errorMessage: thrown.message, trace };
}

async function loadHandler(root: string, handler: string): Promise<Handler> {
  const dot = handler.lastIndexOf(".");
  const [path, name] = [handler.slice(0, dot), handler.slice(dot + 1)];
  const file = [".js", ".mjs", ".cjs"]
    .map((ending) => join(root, path + ending))
    .find((one) => existsSync(one));
  if (file === undefined) {
    const error = new Error(`Cannot find module '${path}' in the function's package.`);
    error.name = "Runtime.ImportModuleError";
    throw error;
  }
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  const exported = module[name] ?? (module.default as Record<string, unknown> | undefined)?.[name];
  if (typeof exported !== "function") {
    const error = new Error(`${handler} is undefined or not exported`);
    error.name = "Runtime.HandlerNotFound";
    throw error;
  }
  return exported as Handler;
}

function contextOf(request: RuntimeRequest): Record<string, unknown> {
  const { env } = process;
  return {
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: "$LATEST",
    invokedFunctionArn: request.arn,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: request.id,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(request.deadline - Date.now(), 0),
  };
}

async function answer(handler: Handler, request: RuntimeRequest): Promise<void> {
  currentRequest = request.id;
  const { id } = request;
  try {
    const result = await handler(JSON.parse(request.event), contextOf(request));
    send({ kind: "result", id, payload: JSON.stringify(result) ?? "null" });
  } catch (thrown) {
    const error = errorOf(thrown);
    const line = `${new Date().toISOString()}\t${id}\tERROR\tInvoke Error\t${JSON.stringify(error)}`;
    send({ kind: "log", line });
    send({ kind: "error", id, error });
  }
}

// Unhandled errors end the process, as they do on Lambda: Node's default, with its text on stderr.
headConsole();
// Ours, and read by Node before this line: the function must not see it.
delete process.env.NODE_COMPILE_CACHE;
try {
  const handler = await loadHandler(process.env.LAMBDA_TASK_ROOT ?? "", process.env._HANDLER ?? "");
  process.on("message", (request) => void answer(handler, request as RuntimeRequest));
  process.on("disconnect", () => process.exit(0));
  send({ kind: "ready" });
  // Node writes the cache when a process exits, but these are killed.
  setImmediate(flushCompileCache);
} catch (thrown) {
  send({ kind: "init-error", error: errorOf(thrown) });
}
