import { createServer, type Server, type Socket } from "node:net";
import type { GuestPort, Machine } from "./machine.ts";

/** A port of a public address cannot be listened on; the message says which and what to do. */
class AddressUnavailable extends Error {
  override readonly name = "AddressUnavailable";
  readonly address: string;
  readonly port: number;
  readonly code: string;

  constructor(address: string, port: number, cause: NodeJS.ErrnoException) {
    super(
      `Cannot listen on ${address} port ${port} (${cause.code ?? cause.message}). ${advice(cause.code)}`,
      {
        cause,
      },
    );
    this.address = address;
    this.port = port;
    this.code = cause.code ?? "UNKNOWN";
  }
}

function advice(code: string | undefined): string {
  switch (code) {
    case "EACCES":
      return (
        "Ports below 1024 are for root here. Allow them to everyone with " +
        "`sudo sysctl net.ipv4.ip_unprivileged_port_start=80`, or run as root."
      );
    case "EADDRINUSE":
      return (
        "Another program listens there (`ss -ltnp` tells which): end it, " +
        "or choose another block of loopback addresses."
      );
    case "EADDRNOTAVAIL":
      return "This system has only some loopback addresses: add this one to its loopback interface.";
    default:
      return "The local cloud needs loopback addresses of its own.";
  }
}

/** Where a public address leads: the machine, and those of its ports that are open. */
export interface Destination {
  readonly machine: Machine;
  readonly ports: readonly GuestPort[];
}

interface Route {
  readonly destination: Destination;
  readonly doors: Door[];
}

/**
 * The public addresses that lead somewhere now. An address that leads nowhere is not listened on, so it
 * refuses connections.
 */
export class Addresses {
  readonly #routes = new Map<string, Route>();
  #turn: Promise<void> = Promise.resolve();

  /**
   * Makes exactly these addresses lead to these machines. Connections through an address that now leads
   * elsewhere are reset at once. Throws AddressUnavailable after all others were set.
   */
  lead(wanted: ReadonlyMap<string, Destination>): Promise<void> {
    const turn = this.#turn.catch(() => {}).then(() => this.#lead(wanted));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Checks that the two ports of an address can be listened on. Throws AddressUnavailable. */
  async check(address: string): Promise<void> {
    for (const port of [80, 443]) {
      if (this.#routes.has(address)) return;
      const door = await Door.open(address, port, () => Promise.reject(new Error("Nothing is here")));
      await door.close();
    }
  }

  async #lead(wanted: ReadonlyMap<string, Destination>): Promise<void> {
    for (const [address, route] of this.#routes) {
      const next = wanted.get(address);
      if (next && same(next, route.destination)) continue;
      if (next && next.ports.join() === route.destination.ports.join()) {
        // It goes on listening: who comes in the moment of the move must not be refused.
        for (const [i, door] of route.doors.entries()) door.leadTo(reachOf(next, next.ports[i]));
        this.#routes.set(address, { ...route, destination: next });
        continue;
      }
      this.#routes.delete(address);
      await Promise.all(route.doors.map((door) => door.close()));
    }
    let failure: unknown;
    for (const [address, destination] of wanted) {
      if (this.#routes.has(address)) continue;
      const doors: Door[] = [];
      try {
        for (const port of destination.ports) {
          doors.push(await Door.open(address, port, reachOf(destination, port)));
        }
        this.#routes.set(address, { destination, doors });
      } catch (error) {
        failure ??= error;
        await Promise.all(doors.map((door) => door.close()));
      }
    }
    if (failure) throw failure;
  }
}

function same(a: Destination, b: Destination): boolean {
  return a.machine === b.machine && a.ports.join() === b.ports.join();
}

/** Connects to what is behind a door. */
type Reach = () => Promise<Socket>;

function reachOf({ machine }: Destination, port: GuestPort | undefined): Reach {
  return port === undefined
    ? () => Promise.reject(new Error("Nothing is here"))
    : () => machine.connect(port);
}

/** One listening port, each connection of which is carried on to a machine. */
class Door {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  #reach: Reach;

  private constructor(reach: Reach) {
    this.#reach = reach;
    this.#server = createServer(
      { allowHalfOpen: true, noDelay: true, pauseOnConnect: true },
      (client) => void this.#carry(client, this.#reach),
    );
  }

  static open(address: string, port: number, reach: Reach): Promise<Door> {
    const door = new Door(reach);
    return new Promise((resolve, reject) => {
      door.#server.once("error", (error) => reject(new AddressUnavailable(address, port, error)));
      door.#server.listen({ host: address, port, backlog: 4096 }, () => resolve(door));
    });
  }

  /** Carries what comes from now on elsewhere, and resets every connection that there is. */
  leadTo(reach: Reach): void {
    this.#reach = reach;
    for (const socket of this.#sockets) reset(socket);
  }

  /** Stops listening and resets every connection. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) reset(socket);
    return closed;
  }

  async #carry(client: Socket, reach: Reach): Promise<void> {
    this.#hold(client);
    client.on("error", () => {});
    let machine: Socket;
    try {
      machine = await reach();
    } catch {
      // Nobody listens: the closest to a refusal that is left once the connection was accepted.
      reset(client);
      return;
    }
    this.#hold(machine);
    if (client.destroyed) machine.destroy();
    for (const [socket, other] of [
      [client, machine],
      [machine, client],
    ] as const) {
      // A reset of one side is a reset of the other; an orderly end of one half is passed on by pipe.
      socket.on("error", () => reset(other));
      socket.on("close", () => other.destroySoon());
      socket.pipe(other);
    }
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

/**
 * Breaks a connection. A socket that has said its end cannot be reset any more: libuv refuses, and Node would
 * leave it open and spin on it for ever (seen with Node 24); it is closed.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
