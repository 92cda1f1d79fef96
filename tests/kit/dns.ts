import { createSocket } from "node:dgram";
import type { AddressInfo } from "node:net";

/** Records by name; what a name does not have is answered empty, a name that is not here with NXDOMAIN. */
export type Zone = Record<string, Partial<Record<RecordType, readonly string[]>>>;

const types = { A: 1, NS: 2, AAAA: 28, CAA: 257 } as const;
type RecordType = keyof typeof types;

/** A name server on loopback that knows one zone, which the test may change at any time (RFC 1035, 4.1). */
export class NameServer {
  readonly zone: Zone = {};
  readonly #socket = createSocket("udp4");

  static async start(): Promise<NameServer> {
    const server = new NameServer();
    server.#socket.on("message", (query, { port, address }) =>
      server.#socket.send(server.#answer(query), port, address),
    );
    await new Promise<void>((done) => server.#socket.bind(0, "127.0.0.1", done));
    return server;
  }

  /** "127.0.0.1:PORT" */
  get address(): string {
    return `127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    return new Promise((done) => this.#socket.close(() => done()));
  }

  #answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
      labels.push(query.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const question = query.subarray(12, at + 5);
    const code = query.readUInt16BE(at + 1);
    const found = this.zone[labels.join(".").toLowerCase()];
    const type = (Object.keys(types) as RecordType[]).find((name) => types[name] === code);
    const data = type === undefined ? [] : (found?.[type] ?? []).map((text) => encode(type, text));
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    // An answer, authoritative, recursion asked for and there; NXDOMAIN is 3.
    header.writeUInt16BE(0x8580 | (found === undefined ? 3 : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(data.length, 6);
    return Buffer.concat([header, question, ...data.map((bytes) => record(code, bytes))]);
  }
}

/** A record of the name in the question, to be kept for no time. */
function record(code: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function encode(type: RecordType, text: string): Buffer {
  switch (type) {
    case "A":
      return Buffer.from(text.split(".").map(Number));
    case "AAAA":
      // Written out in full here: eight groups.
      return Buffer.from(
        text
          .split(":")
          .map((group) => group.padStart(4, "0"))
          .join(""),
        "hex",
      );
    case "NS":
      return Buffer.concat([
        ...text.split(".").map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
        Buffer.of(0),
      ]);
    case "CAA": {
      // As in a zone file: 0 issue "letsencrypt.org"
      const [, flags = "0", tag = "", value = ""] = /^(\d+) (\w+) "(.*)"$/.exec(text) ?? [];
      return Buffer.concat([Buffer.of(Number(flags), tag.length), Buffer.from(`${tag}${value}`)]);
    }
  }
}
