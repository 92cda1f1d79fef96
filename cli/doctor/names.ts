import type { CaaRecord } from "node:dns";
import { Resolver } from "node:dns/promises";

/** A name server gave no answer, which says nothing about the name. */
export class Unresolved extends Error {
  override readonly name = "Unresolved";
}

/** DNS as this machine's resolver sees it, or the name server that was named: "192.0.2.53" or "127.0.0.1:5353". */
export class Names {
  readonly #resolver = new Resolver({ timeout: 2_000, tries: 2 });

  constructor(server?: string) {
    if (server !== undefined) this.#resolver.setServers([server]);
  }

  addresses(name: string): Promise<string[]> {
    return this.#records(name, () => this.#resolver.resolve4(name));
  }

  addresses6(name: string): Promise<string[]> {
    return this.#records(name, () => this.#resolver.resolve6(name));
  }

  nameServers(name: string): Promise<string[]> {
    return this.#records(name, () => this.#resolver.resolveNs(name));
  }

  /** The CAA records that hold for a name: those of the closest name above it that has any (RFC 8659, 3). */
  async authorities(name: string): Promise<{ at: string; records: CaaRecord[] } | undefined> {
    for (let labels = name.split("."); labels.length > 0; labels = labels.slice(1)) {
      const at = labels.join(".");
      const records = await this.#records(at, () => this.#resolver.resolveCaa(at));
      if (records.length > 0) return { at, records };
    }
    return undefined;
  }

  /** The records of a name; none when it has none. Throws Unresolved. */
  async #records<T>(name: string, ask: () => Promise<T[]>): Promise<T[]> {
    try {
      return await ask();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (code === "ENODATA" || code === "ENOTFOUND") return [];
      throw new Unresolved(`The name server gave no answer about ${name} (${code}).`, { cause: error });
    }
  }
}
