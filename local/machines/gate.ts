import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { GuestPort } from "./machine.ts";
import type { Monitor } from "./qmp.ts";

/** Nothing listens on that port of the guest. */
class NotListening extends Error {
  override readonly name = "NotListening";
}

/** How long a guest has to answer a connection while it is not known to listen, in ms. */
const patience = 400;
const pause = 40;

/**
 * The way into a QEMU guest. QEMU's user network takes a connection before it has asked the guest, and when
 * the guest is not up yet it asks again only seconds later: a client would hang on it for longer than the guest
 * takes to boot. So until a port has answered once, QEMU is asked whether the guest has really taken a
 * connection, and if not the connection is given up.
 */
export class Gate {
  readonly #monitor: Monitor;
  readonly #ports: Readonly<Record<GuestPort, number>>;
  readonly #listening = new Set<GuestPort>();
  readonly #trying = new Map<GuestPort, Promise<void>>();
  readonly #sockets = new Set<Socket>();

  constructor(monitor: Monitor, ports: Readonly<Record<GuestPort, number>>) {
    this.#monitor = monitor;
    this.#ports = ports;
    // The guest that these connections were made with is gone; it would never answer them.
    monitor.on("RESET", () => {
      this.#listening.clear();
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  /** Connects to a port of the guest. Throws NotListening, or what the socket fails with. */
  async connect(port: GuestPort): Promise<Socket> {
    if (!this.#listening.has(port)) await this.#knock(port);
    return this.#open(port);
  }

  #knock(port: GuestPort): Promise<void> {
    const trying =
      this.#trying.get(port) ?? this.#askUntilTaken(port).finally(() => this.#trying.delete(port));
    this.#trying.set(port, trying);
    return trying;
  }

  async #askUntilTaken(port: GuestPort): Promise<void> {
    const socket = await this.#open(port);
    try {
      for (const end = Date.now() + patience; Date.now() < end && !socket.destroyed; await wait(pause)) {
        if (!(await this.#taken(port))) continue;
        this.#listening.add(port);
        return;
      }
    } finally {
      socket.destroy();
    }
    throw new NotListening(`Nothing listens on port ${port} of the guest.`);
  }

  async #taken(port: GuestPort): Promise<boolean> {
    const table = await this.#monitor.run("human-monitor-command", { "command-line": "info usernet" });
    return new RegExp(`TCP\\[ESTABLISHED\\](?:\\s+\\S+){4}\\s+${port}\\s`).test(String(table));
  }

  #open(port: GuestPort): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const target = { host: "127.0.0.1", port: this.#ports[port] };
      const socket = connect({ ...target, allowHalfOpen: true, noDelay: true });
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        // Whoever gets the socket listens for errors too; until then one must not end the process.
        socket.on("error", () => {});
        resolve(socket);
      });
    });
  }
}
