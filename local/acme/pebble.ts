import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { selfSignedCertificate } from "../../lib/identity/certificate.ts";

export interface PebbleOptions {
  /** Its own certificate and its settings are kept here. */
  readonly directory: string;
  /** A loopback address that is all its own: ACME at 14000, its management at 15000, DNS at 8053, DNS data at 8055. */
  readonly address: string;
  /** Ports of the name server beside 8053; 53 where it is to be asked as the internet's are. */
  readonly dnsPorts?: readonly number[];
  /** How often, of 100 times, a name that was proved need not be proved again; 50 when left out. */
  readonly reuse?: number;
}

const START_MS = 15_000;

/**
 * Let's Encrypt's test server Pebble with its DNS server, as Debian has them: an ACME authority on loopback that
 * validates for real, by the names that it is told. What it issued is forgotten when it ends.
 */
export class Pebble {
  /** Of its ACME directory. */
  readonly directoryUrl: string;
  /** PEM: what a client of the ACME server trusts. */
  readonly trust: string;
  /** Its private key, for a server that stands in front of it. */
  readonly key: string;
  /** The DNS server that it asks, and that a stack must ask as well. */
  readonly resolver: string;
  readonly #address: string;
  readonly #children: ChildProcess[];

  private constructor(address: string, trust: string, key: string, children: ChildProcess[]) {
    this.#address = address;
    this.#children = children;
    this.trust = trust;
    this.key = key;
    this.directoryUrl = `https://${address}:14000/dir`;
    this.resolver = `${address}:8053`;
  }

  /** Starts both servers and waits until they answer. Rejects with what they said when they do not. */
  static async start({ directory, address, dnsPorts = [], reuse = 50 }: PebbleOptions): Promise<Pebble> {
    mkdirSync(directory, { recursive: true });
    const file = (name: string) => join(directory, name);
    if (!existsSync(file("server.pem"))) {
      // A day ago: clients' clocks may be behind.
      const notBefore = new Date(Date.now() - 24 * 60 * 60 * 1000);
      const made = await selfSignedCertificate({ names: [address], notBefore, days: 3650 });
      writeFileSync(file("server-key.pem"), made.keyPem, { mode: 0o600 });
      writeFileSync(file("server.pem"), made.chainPem);
    }
    const pebble = {
      listenAddress: `${address}:14000`,
      managementListenAddress: `${address}:15000`,
      certificate: file("server.pem"),
      privateKey: file("server-key.pem"),
      httpPort: 80,
      tlsPort: 443,
    };
    writeFileSync(file("pebble.json"), JSON.stringify({ pebble }));
    const dns = [8053, ...dnsPorts].map((port) => `${address}:${port}`).join(",");
    const off = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "", "-defaultIPv6", ""];
    const said: string[] = [];
    const children = [
      child("pebble-challtestsrv", ["-dns01", dns, "-management", `${address}:8055`, ...off], said),
      child("pebble", ["-config", file("pebble.json"), "-dnsserver", `${address}:8053`], said, reuse),
    ];
    const [trust, key] = [
      readFileSync(file("server.pem"), "utf8"),
      readFileSync(file("server-key.pem"), "utf8"),
    ];
    const started = new Pebble(address, trust, key, children);
    try {
      await started.#answers();
      return started;
    } catch (error) {
      await started.stop();
      throw new Error(`Pebble did not start: ${said.join("").trim() || String(error)}`, { cause: error });
    }
  }

  /** PEM of the root that its certificates chain to; another one each time it starts. */
  root(): Promise<string> {
    return this.#get("15000/roots/0");
  }

  /** Tells the DNS server where a name points; no address removes it. */
  async point(name: string, ...addresses: string[]): Promise<void> {
    await this.tellDns("clear-a", { host: `${name}.` });
    if (addresses.length > 0) await this.tellDns("add-a", { host: `${name}.`, addresses });
  }

  /** One call of the DNS server's management interface. */
  async tellDns(action: string, body: unknown): Promise<void> {
    const url = `http://${this.#address}:8055/${action}`;
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`pebble-challtestsrv refused ${action}: ${await answer.text()}`);
  }

  /** Ends both servers. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (server) => {
        if (server.exitCode !== null || server.signalCode !== null) return;
        const gone = new Promise((resolve) => server.once("exit", resolve));
        server.kill("SIGKILL");
        await gone;
      }),
    );
  }

  async #answers(): Promise<void> {
    for (const start = Date.now(); ; await pause(100)) {
      try {
        await this.#get("14000/dir");
        await this.tellDns("set-default-ipv4", { ip: "" });
        return;
      } catch (error) {
        const ended = this.#children.some(({ exitCode }) => exitCode !== null);
        if (ended || Date.now() - start > START_MS) throw error;
      }
    }
  }

  #get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const agent = new Agent({ ca: this.trust, keepAlive: false });
      const call = request(`https://${this.#address}:${path}`, { agent }, async (answer) => {
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk as Buffer);
        resolve(Buffer.concat(chunks).toString());
      });
      call.on("error", reject);
      call.end();
    });
  }
}

/** The kernel ends it when this process ends, in whatever way. */
function child(command: string, parameters: readonly string[], said: string[], reuse = 0): ChildProcess {
  const started = spawn("setpriv", ["--pdeathsig", "KILL", command, ...parameters], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    // It would wait up to 15 s before each look. That it refuses 5% of all nonces is left as it is.
    env: { ...process.env, PEBBLE_VA_NOSLEEP: "1", PEBBLE_AUTHZREUSE: String(reuse) },
  });
  for (const stream of [started.stdout, started.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said.push(text);
      if (said.length > 200) said.shift();
    });
  }
  started.on("error", (error) => said.push(error.message));
  return started;
}
