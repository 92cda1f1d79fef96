import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import type { TestContext } from "node:test";
import { ZipFile } from "yazl";
import type { Cloud, CloudOptions } from "../../local/cloud.ts";
import { startCloud } from "../../local/cloud.ts";

/** A template's resources and outputs, and the source of its functions by name. */
export interface TestStack {
  readonly resources: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
  readonly parameters?: Record<string, unknown>;
  readonly conditions?: Record<string, unknown>;
  /** ESM source of each function's module, which exports `handler`. */
  readonly functions?: Record<string, string>;
}

/** A temporary directory that goes with the test. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "local-cloud-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes a zip of files given by their text. */
export async function writeZip(path: string, files: Record<string, string | Buffer>): Promise<void> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  await finished(zip.outputStream.pipe(createWriteStream(path)));
}

/** A function's resource; its zip is written by `writePackage`. */
export function functionResource(name: string, properties: Record<string, unknown> = {}): unknown {
  return {
    Type: "AWS::Lambda::Function",
    Properties: {
      FunctionName: name,
      Handler: `functions/${name}.handler`,
      Runtime: "nodejs24.x",
      Role: { "Fn::GetAtt": ["Role", "Arn"] },
      Code: { S3Bucket: "deployment", S3Key: `some/prefix/${name}.zip` },
      MemorySize: 256,
      ...properties,
    },
  };
}

/** Writes what `serverless package` would have left, and returns where. */
export async function writePackage(directory: string, stack: TestStack): Promise<string> {
  const packageDir = join(directory, "package");
  mkdirSync(packageDir, { recursive: true });
  const Statement = { Effect: "Allow", Action: "*", Resource: "*" };
  const Policies = [{ PolicyName: "all", PolicyDocument: { Version: "2012-10-17", Statement } }];
  const Service = ["codebuild", "events", "lambda", "scheduler", "states"].map(
    (one) => `${one}.amazonaws.com`,
  );
  const AssumeRolePolicyDocument = {
    Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
  };
  const role = {
    Type: "AWS::IAM::Role",
    Properties: { RoleName: "test-role", AssumeRolePolicyDocument, Policies },
  };
  const template = {
    Parameters: stack.parameters ?? {},
    Conditions: stack.conditions ?? {},
    Resources: { Role: role, ...stack.resources },
    Outputs: stack.outputs ?? {},
  };
  writeFileSync(join(packageDir, "cloudformation-template-update-stack.json"), JSON.stringify(template));
  for (const [name, source] of Object.entries(stack.functions ?? {})) {
    await writeZip(join(packageDir, `${name}.zip`), { [`functions/${name}.mjs`]: source });
  }
  return packageDir;
}

/** What the clients of the SDK need to talk to a cloud as the person at the keyboard. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** The configuration of SDK clients for a cloud. */
export function clientConfig(cloud: Cloud): ClientConfig {
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "", AWS_REGION = "" } = cloud.environment;
  return {
    endpoint: cloud.endpoint,
    region: AWS_REGION,
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
  };
}

/** The options of a cloud for tests: any port, machines without QEMU, everything below one directory. */
export function cloudOptions(directory: string, packageDir: string): CloudOptions {
  const dataDir = join(directory, "data");
  return { dataDir, packageDir, port: 0, addressBlock: "127.86.0", machineKind: "node", stackName: "test" };
}

/** Starts a cloud of the test's own, which ends with the test. */
export async function testCloud(
  t: TestContext,
  stack: TestStack,
  options: Partial<CloudOptions> = {},
): Promise<{ cloud: Cloud; config: ClientConfig; directory: string; packageDir: string }> {
  const directory = mkdtempSync(join(tmpdir(), "local-cloud-"));
  const packageDir = await writePackage(directory, stack);
  const cloud = await startCloud({ ...cloudOptions(directory, packageDir), ...options });
  // Hooks run in the order they were added: the directory may only go after the cloud.
  t.after(async () => {
    await cloud.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return { cloud, config: clientConfig(cloud), directory, packageDir };
}

/** Ends the connections of SDK clients with the test. */
export function closeAfter(t: TestContext, ...clients: readonly { destroy(): void }[]): void {
  t.after(() => {
    for (const client of clients) client.destroy();
  });
}

/** Waits until a probe gives something. Fails after `seconds`. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  seconds = 20,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const found = await probe();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not happen within ${seconds} s.`);
}
