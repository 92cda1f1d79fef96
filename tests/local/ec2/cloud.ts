import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { EBSClient } from "@aws-sdk/client-ebs";
import { EC2Client } from "@aws-sdk/client-ec2";
import type { StoredObject } from "../../../local/ec2/cloud.ts";
import { createEc2, type Ec2, type Ec2Options } from "../../../local/ec2/index.ts";
import { AwsError, type Service } from "../../../local/service.ts";

const caller = { accountId: "000000000000", region: "us-east-1", arn: "arn:aws:iam::000000000000:user/test" };

/** A local EC2 on a server of its own, with clients of the real SDK. */
export interface TestCloud {
  readonly ec2: EC2Client;
  readonly ebs: EBSClient;
  readonly local: Ec2;
  readonly endpoint: string;
  readonly dataDir: string;
  /** Objects that the local EC2 can import: "bucket/key" → bytes. */
  readonly objects: Map<string, Buffer>;
  readonly log: string[];
  /** Ends the cloud and opens it again on the same state. */
  restart(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// Test files run side by side: each process has loopback addresses of its own.
const addressBlock = `127.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}`;

/** Starts a cloud in a directory of its own, on port 0. */
export async function testCloud(options: Partial<Ec2Options> = {}): Promise<TestCloud> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "mirage-pages-ec2-"));
  const objects = new Map<string, Buffer>();
  const log: string[] = [];
  const open = async () => {
    const opened = await createEc2({
      dataDir,
      addressBlock,
      machineKind: "node",
      readObject: async (bucket, key) => storedObject(objects.get(`${bucket}/${key}`)),
      mayImport: () => true,
      log: (line) => log.push(line),
      ...options,
    });
    await opened.resume();
    return opened;
  };
  let local = await open();
  const server = createServer((request, response) => {
    const scope = /\/(ec2|ebs)\/aws4_request/.exec(request.headers.authorization ?? "")?.[1];
    void serve(scope === "ebs" ? local.ebs : local, request, response);
  });
  // Idle connections are ended by the clients, when the test ends.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const settings = { endpoint, region: caller.region, credentials, maxAttempts: 1 };
  const [ec2, ebs] = [new EC2Client(settings), new EBSClient(settings)];
  return {
    ...{ ec2, ebs, endpoint, dataDir, objects, log },
    get local() {
      return local;
    },
    async restart() {
      await local.stop();
      local = await open();
    },
    async [Symbol.asyncDispose]() {
      ec2.destroy();
      ebs.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await local.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function serve(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await service.handle(request, response, caller);
  } catch (error) {
    const known = error instanceof AwsError ? error : new AwsError("InternalError", String(error), 500);
    if (!(error instanceof AwsError)) console.error(error);
    const { code, message, status } = known;
    response.setHeader("x-amzn-errortype", code);
    if (service.protocol === "ec2") {
      const text = message.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
      response
        .writeHead(status)
        .end(
          `<Response><Errors><Error><Code>${code}</Code><Message>${text}</Message></Error></Errors></Response>`,
        );
    } else {
      response.writeHead(status).end(JSON.stringify({ message, ...known.details }));
    }
  }
}

function storedObject(bytes: Buffer | undefined): StoredObject {
  if (!bytes) throw new Error("NoSuchKey");
  return {
    size: bytes.length,
    stream: (start = 0, end = bytes.length - 1) => Readable.from(bytes.subarray(start, end + 1)),
  };
}

/** Asks again until `done` says so, or fails after `limit` ms with the last answer. */
export async function eventually<T>(
  ask: () => Promise<T>,
  done: (answer: T) => boolean,
  limit = 15_000,
): Promise<T> {
  const deadline = Date.now() + limit;
  for (;;) {
    const answer = await ask();
    if (done(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`Not within ${limit} ms: ${JSON.stringify(answer)}`);
    await wait(20);
  }
}

/** What the template makes before anything is launched: the ids that RunInstances wants. */
export async function makeNetwork(local: Ec2): Promise<{ subnetId: string; groupId: string; vpcId: string }> {
  const provision = (logicalId: string, type: string, properties: Record<string, unknown>) =>
    local.provision({ stack: "test", logicalId, type: `AWS::EC2::${type}`, properties });
  const vpc = await provision("Vpc", "VPC", { CidrBlock: "10.0.0.0/16" });
  const subnet = await provision("Subnet", "Subnet", { VpcId: vpc.ref, CidrBlock: "10.0.1.0/24" });
  const anyone = { IpProtocol: "tcp", CidrIp: "0.0.0.0/0" };
  const group = await provision("Web", "SecurityGroup", {
    VpcId: vpc.ref,
    GroupDescription: "web",
    SecurityGroupIngress: [
      { ...anyone, FromPort: 80, ToPort: 80 },
      { ...anyone, FromPort: 443, ToPort: 443 },
    ],
    SecurityGroupEgress: [{ IpProtocol: "-1", CidrIp: "127.0.0.1/32" }],
    Tags: [{ Key: "app", Value: "mirage-pages" }],
  });
  return { vpcId: vpc.ref, subnetId: subnet.ref, groupId: group.ref };
}
