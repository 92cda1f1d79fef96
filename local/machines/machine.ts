import type { Socket } from "node:net";

/** A machine that runs. */
export interface Machine {
  /** Process to look for when the local cloud was killed; undefined where the machine lives in this one. */
  readonly pid: number | undefined;
  /**
   * Connects to a port of the guest. Rejects, within half a second, when nothing listens there: the guest
   * refuses, or has not got so far yet.
   */
  connect(port: GuestPort): Promise<Socket>;
  /** Resolves once, when the machine has gone. */
  readonly ended: Promise<Ending>;
  /** Presses the power button: a guest that honours it ends by itself. */
  pressPowerButton(): Promise<void>;
  /** Resets it, as RebootInstances does to a guest that does not listen. */
  reset(): Promise<void>;
  /** Pulls the plug. Resolves when the machine has gone. */
  kill(): Promise<void>;
}

/** Ports of a guest that can be reached. */
export type GuestPort = 80 | 443;
export const guestPorts: readonly GuestPort[] = [80, 443];

/** How a machine ended: the guest powered off, or the machine died under it. */
export interface Ending {
  readonly cause: "power-off" | "died";
  readonly detail: string;
}

/** What a machine is made of. */
export interface MachineSpec {
  /** The instance's id, for messages. */
  readonly id: string;
  /** Raw disk the machine boots from and may write to. */
  readonly volume: string;
  readonly memoryMiB: number;
  /** File that gets what the guest writes to its serial console; its last 64 KiB are kept. */
  readonly console: string;
  readonly macAddress: string;
}

/** A way to run machines. */
export interface MachineKind {
  /**
   * Starts a machine. A disk that does not boot is no error here: as on EC2 the machine runs, its console says
   * so, and nobody answers. Throws MachineUnavailable when this computer cannot run such machines.
   */
  start(spec: MachineSpec): Promise<Machine>;
}

/** This computer lacks something to run machines with; the message says what and how to get it. */
export class MachineUnavailable extends Error {
  override readonly name = "MachineUnavailable";
}
