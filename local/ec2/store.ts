import { mkdir, open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { emptyState, type State } from "./state.ts";

/** The state file cannot be read; the message names it and says what to do. */
class StateUnreadable extends Error {
  override readonly name = "StateUnreadable";
}

/**
 * The local EC2's state and where it lies: `<directory>/state.json`, replaced whole by a rename.
 * Calls change `state` in place and then await `save`.
 */
export class Store {
  readonly state: State;
  readonly directory: string;
  #writing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;

  private constructor(directory: string, state: State) {
    this.directory = directory;
    this.state = state;
  }

  /** Opens or starts the state in `directory`. Throws StateUnreadable for a file that is not such a state. */
  static async open(directory: string): Promise<Store> {
    for (const part of ["snapshots", "volumes", "machines"]) {
      await mkdir(path.join(directory, part), { recursive: true });
    }
    const file = path.join(directory, "state.json");
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    return new Store(directory, text === undefined ? emptyState() : parse(text, file));
  }

  /**
   * Resolves when everything changed before the call is on the disk. Calls that come while one write is
   * under way share the next one.
   */
  save(): Promise<void> {
    this.#queued ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#queued = undefined;
        this.#writing = this.#write();
        return this.#writing;
      });
    return this.#queued;
  }

  async #write(): Promise<void> {
    const file = path.join(this.directory, "state.json");
    const handle = await open(`${file}.new`, "w");
    try {
      await handle.writeFile(JSON.stringify(this.state));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file);
  }
}

function parse(text: string, file: string): State {
  const advice = "Remove the local cloud's data directory to start with an empty one.";
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (error) {
    throw new StateUnreadable(
      `${file} is not JSON (${error instanceof Error ? error.message : error}). ${advice}`,
    );
  }
  if ((state as Partial<State> | null)?.version !== 1) {
    throw new StateUnreadable(`${file} was written by another version of the local cloud. ${advice}`);
  }
  return { ...emptyState(), ...(state as State) };
}
