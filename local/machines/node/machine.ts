import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect, createServer as createTcp, type Socket } from "node:net";
import { ConsoleFile } from "../console-file.ts";
import type { Ending, GuestPort, Machine, MachineKind, MachineSpec } from "../machine.ts";
import { watched } from "./access-log.ts";
import { type BootedDisk, bootDisk, NotBootable } from "./disk.ts";
import { redirectHandler, siteHandler } from "./site.ts";

/**
 * Machines without a machine: what is on the disk is read and served by this process, as the unikernel
 * would serve well-behaved clients. For fast tests. A disk that does not boot gives a machine that
 * resets every connection and says why on its console.
 */
export const nodeMachines: MachineKind = { start };

async function start(spec: MachineSpec): Promise<Machine> {
  const machine = new NodeMachine(spec, await ConsoleFile.open(spec.console));
  await machine.powerOn();
  return machine;
}

class NodeMachine implements Machine {
  readonly pid = undefined;
  readonly ended: Promise<Ending>;
  #ports: Record<GuestPort, number> = { 80: 0, 443: 0 };
  readonly #spec: MachineSpec;
  readonly #console: ConsoleFile;
  #end: (ending: Ending) => void = () => {};
  #disk: BootedDisk | undefined;
  #servers: Closable[] = [];

  constructor(spec: MachineSpec, console: ConsoleFile) {
    this.#spec = spec;
    this.#console = console;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  connect(port: GuestPort): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const target = { host: "127.0.0.1", port: this.#ports[port] };
      const socket = connect({ ...target, allowHalfOpen: true, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => resolve(socket));
    });
  }

  async powerOn(): Promise<void> {
    try {
      const disk = await bootDisk(this.#spec.volume);
      this.#disk = disk;
      const { chainPem: cert, keyPem: key, release } = disk.identity;
      const { http, https } = watched(disk.identity.accessLog, redirectHandler(disk), siteHandler(disk));
      await this.#listen(
        httpServer(createHttp(http)),
        httpServer(createHttps({ cert, key, minVersion: "TLSv1.2" }, https)),
      );
      await this.#console.append(`mirage-pages: listening release=${release}\n`);
    } catch (error) {
      const known = error instanceof NotBootable;
      await this.#console.append(`${known ? error.message : `The machine does not boot: ${error}`}\n`);
      await this.#disk?.close();
      this.#disk = undefined;
      await this.#listen(deafServer(), deafServer());
    }
  }

  async pressPowerButton(): Promise<void> {
    await this.#powerOff({ cause: "power-off", detail: "the guest powered off" });
  }

  async reset(): Promise<void> {
    await this.#shut();
    await this.powerOn();
  }

  async kill(): Promise<void> {
    await this.#powerOff({ cause: "died", detail: "the machine was killed" });
  }

  async #listen(http: Closable, https: Closable): Promise<void> {
    this.#servers = [http, https];
    this.#ports = { 80: await http.listen(), 443: await https.listen() };
  }

  async #shut(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map((server) => server.close()));
    await this.#disk?.close();
    this.#disk = undefined;
  }

  async #powerOff(ending: Ending): Promise<void> {
    await this.#shut();
    this.#end(ending);
  }
}

/** A server that can be ended with all its connections. */
interface Closable {
  /** Listens on a free loopback port and gives it. */
  listen(): Promise<number>;
  close(): Promise<void>;
}

function httpServer(server: Server): Closable {
  return {
    listen: () => listen(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function deafServer(): Closable {
  const server = createTcp((socket) => socket.resetAndDestroy());
  return {
    listen: () => listen(server),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listen(server: Server | ReturnType<typeof createTcp>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
