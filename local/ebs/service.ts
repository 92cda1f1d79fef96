import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Store } from "../ec2/store.ts";
import { type Caller, notImplemented, readBody, type Service } from "../service.ts";
import { blockBytes } from "./blocks.ts";
import { invalid } from "./errors.ts";
import { listBlocks, listChangedBlocks, tokenOf } from "./listing.ts";
import type { Snapshots } from "./snapshots.ts";
import { completeSnapshot, startSnapshot } from "./write.ts";

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | object;
}

interface Request {
  readonly id: string;
  readonly index: number;
  readonly query: URLSearchParams;
  readonly message: IncomingMessage;
  readonly caller: Caller;
}

type Route = readonly [method: string, path: RegExp, answer: (request: Request) => Promise<Answer>];

/** The EBS direct APIs (docs.aws.amazon.com/ebs/latest/APIReference), over the snapshots of the local EC2. */
export function ebsService(store: Store, snapshots: Snapshots): Service {
  const table = routes(store, snapshots);
  return {
    names: ["ebs"],
    protocol: "rest-json",
    async handle(message, response, caller) {
      const url = new URL(message.url ?? "/", "http://localhost");
      for (const [method, path, answer] of table) {
        const match = message.method === method ? path.exec(url.pathname) : null;
        if (!match) continue;
        const [, id = "", index = "0"] = match;
        const request = { id, index: Number(index), query: url.searchParams, message, caller };
        return send(response, await answer(request));
      }
      throw notImplemented("ebs", `${message.method} ${url.pathname}`);
    },
  };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": Buffer.isBuffer(body) ? "application/octet-stream" : "application/json",
    "content-length": bytes.length,
    ...headers,
  });
  response.end(bytes);
}

function routes(store: Store, snapshots: Snapshots): Route[] {
  const list = async ({ id, query }: Request) => {
    const snapshot = snapshots.get(id);
    return { status: 200, body: listBlocks(snapshot, (await snapshots.blocks(snapshot)).digests, query) };
  };
  return [
    [
      "POST",
      /^\/snapshots\/?$/,
      async ({ message, caller }) => {
        const input: unknown = JSON.parse((await readBody(message)).toString() || "{}");
        return { status: 201, body: await startSnapshot(input, store, snapshots, caller) };
      },
    ],
    ["PUT", /^\/snapshots\/([^/]+)\/blocks\/(\d+)$/, (request) => putBlock(request, snapshots)],
    [
      "POST",
      /^\/snapshots\/completion\/([^/]+)$/,
      async ({ id, message }) => {
        const body = await completeSnapshot(snapshots.get(id), message.headers, store, snapshots);
        return { status: 202, body };
      },
    ],
    ["GET", /^\/snapshots\/([^/]+)\/blocks$/, list],
    ["GET", /^\/snapshots\/([^/]+)\/blocks\/(\d+)$/, (request) => getBlock(request, snapshots)],
    [
      "GET",
      /^\/snapshots\/([^/]+)\/changedblocks$/,
      async ({ id, query }) => {
        const second = snapshots.get(id);
        const firstId = query.get("firstSnapshotId");
        const first = firstId ? snapshots.get(firstId) : undefined;
        const before = first ? (await snapshots.blocks(first)).digests : new Map<number, Buffer>();
        const after = (await snapshots.blocks(second)).digests;
        return { status: 200, body: listChangedBlocks({ first, second, before, after }, query) };
      },
    ],
  ];
}

async function putBlock({ id, index, message }: Request, snapshots: Snapshots): Promise<Answer> {
  const length = Number(header(message, "x-amz-data-length"));
  const checksum = header(message, "x-amz-checksum");
  const algorithm = header(message, "x-amz-checksum-algorithm");
  // The body is read in any case: a connection cannot be used again with half a request in it.
  const data = await readBody(message, blockBytes);
  const snapshot = snapshots.get(id);
  if (snapshot.state !== "pending" || snapshot.sealedAt !== undefined) {
    throw invalid("INVALID_SNAPSHOT_ID", `The snapshot '${id}' is not pending: it takes no more blocks.`);
  }
  if (algorithm !== "SHA256") throw invalid("INVALID_PARAMETER_VALUE", "ChecksumAlgorithm must be SHA256.");
  if (length !== blockBytes || data.length !== blockBytes) {
    throw invalid(
      "INVALID_BLOCK",
      `A block has ${blockBytes} bytes; DataLength is ${length}, ${data.length} came.`,
    );
  }
  if (index >= (snapshot.sizeGiB * 1024 ** 3) / blockBytes) {
    throw invalid(
      "INVALID_BLOCK",
      `Block ${index} is beyond the end of a volume of ${snapshot.sizeGiB} GiB.`,
    );
  }
  const digest = createHash("sha256").update(data).digest("base64");
  if (digest !== checksum) {
    throw invalid("INVALID_PARAMETER_VALUE", `Checksum is ${checksum}, the block's is ${digest}.`);
  }
  await (await snapshots.blocks(snapshot)).write(index, data);
  snapshot.deadline = Date.now() + (snapshot.timeoutMinutes ?? 60) * 60_000;
  return {
    status: 201,
    headers: { "x-amz-checksum": digest, "x-amz-checksum-algorithm": "SHA256" },
    body: {},
  };
}

async function getBlock({ id, index, query }: Request, snapshots: Snapshots): Promise<Answer> {
  const snapshot = snapshots.get(id);
  const blocks = await snapshots.blocks(snapshot);
  const digest = blocks.digests.get(index);
  if (!digest || query.get("blockToken") !== tokenOf(id, index)) {
    throw invalid("INVALID_BLOCK_TOKEN", `The block token is not that of block ${index} of '${id}'.`);
  }
  return {
    status: 200,
    headers: {
      "x-amz-data-length": String(blockBytes),
      "x-amz-checksum": digest.toString("base64"),
      "x-amz-checksum-algorithm": "SHA256",
    },
    body: await blocks.read(index),
  };
}

function header(message: IncomingMessage, name: string): string | undefined {
  const value = message.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
