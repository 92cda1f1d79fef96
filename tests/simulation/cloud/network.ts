import type { Destination } from "../../../local/machines/addresses.ts";
import type { Answered, Asked } from "../world/exchange.ts";

/** A machine that can be asked over the simulated network. */
export interface Answering {
  /** Its answer on a port, and the certificate it shows (DER). Rejects as a connection to it would. */
  answer(port: 80 | 443, asked: Asked): Promise<Answered & { readonly certificate: Buffer }>;
}

/** Seconds until the world sees where an address leads now; asked anew at each change. */
type Delay = (address: string) => number;

let routes = new Map<string, Answering>();
let delay: Delay = () => 0;
let later: (ms: number, run: () => void) => void = (_ms, run) => run();

/** Begins a history with no routes. */
export function useNetwork(delayOf: Delay, after: (ms: number, run: () => void) => void): void {
  routes = new Map();
  delay = delayOf;
  later = after;
}

/** Who answers at an address now. */
export function at(address: string): Answering | undefined {
  return routes.get(address);
}

/** Stands in for local/machines/addresses.ts: the fleet says where public addresses lead, without listening. */
export class Addresses {
  #wanted: ReadonlyMap<string, Destination> = new Map();

  async lead(wanted: ReadonlyMap<string, Destination>): Promise<void> {
    const before = this.#wanted;
    this.#wanted = wanted;
    for (const [address, { machine }] of wanted) {
      if (before.get(address)?.machine === machine) continue;
      const lead = () => {
        if (this.#wanted.get(address)?.machine === machine)
          routes.set(address, machine as unknown as Answering);
      };
      const ms = routes.has(address) ? delay(address) * 1000 : 0;
      if (ms === 0) lead();
      else later(ms, lead);
    }
    for (const address of before.keys()) if (!wanted.has(address)) routes.delete(address);
  }

  async check(): Promise<void> {}
}
