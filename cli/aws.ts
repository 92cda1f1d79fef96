import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Arguments for the AWS CLI at an endpoint. Named with every call: Debian's AWS CLI (2.9) is older than
 * AWS_ENDPOINT_URL, which came with 2.13 and 1.29, and would turn to AWS itself.
 */
export function atEndpoint(endpoint: string, ...args: string[]): string[] {
  return ["--endpoint-url", endpoint, ...args];
}

/**
 * Writes an `aws` into a folder that does the same for a person at a terminal, and returns the PATH that
 * finds it first. A later AWS_ENDPOINT_URL counts.
 */
export function pathWithEndpoint(folder: string): string {
  const real = execFileSync("sh", ["-c", "command -v aws"], { encoding: "utf8" }).trim();
  mkdirSync(folder, { recursive: true });
  const script = join(folder, "aws");
  writeFileSync(script, `#!/bin/sh\nexec '${real}' --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n`);
  chmodSync(script, 0o755);
  return `${folder}${delimiter}$PATH`;
}
