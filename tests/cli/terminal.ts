import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

/** A program in a terminal, and whoever sits before it. */
export interface Terminal {
  /** Waits until something is to be read that was not there at the last wait. Rejects when the program ends before. */
  reads(what: RegExp): Promise<void>;
  types(keys: string): void;
  /** Everything that was shown, without colours and movements, and the exit code. */
  readonly ended: Promise<{ readonly code: number | null; readonly shown: string }>;
}

export const ENTER = "\r";
export const CTRL_C = "\u0003";

interface Place {
  readonly cwd: string;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program in a pseudo-terminal, which util-linux's `script` makes; CI, which quiets our output, is not set. */
export function atTerminal(
  program: string,
  args: readonly string[],
  { cwd, columns = 80, env }: Place,
): Terminal {
  const words = [program, ...args].map((word) => `'${word}'`).join(" ");
  const command = `stty cols ${columns} rows 24; exec ${words}`;
  const { CI: _, ...ours } = process.env;
  const options = { cwd, env: { ...ours, ...env, TERM: "xterm-256color", SHELL: "/bin/sh" } };
  const script = spawn("script", ["-qefc", command, "/dev/null"], options);
  let raw = "";
  let read = 0;
  let over = false;
  let look = () => {};
  const ended = new Promise<{ code: number | null; shown: string }>((done) => {
    script.stdout.on("data", (chunk) => {
      raw += String(chunk);
      look();
    });
    script.on("close", (code) => {
      over = true;
      look();
      done({ code, shown: visible(raw) });
    });
  });
  return {
    ended,
    types: (keys) => script.stdin.write(keys),
    reads: (what) =>
      new Promise((found, failed) => {
        look = () => {
          const shown = visible(raw.slice(read));
          if (what.test(shown)) {
            read = raw.length;
            look = () => {};
            found();
          } else if (over) failed(new Error(`It ended without ${what}:\n${visible(raw)}`));
        };
        look();
      }),
  };
}

/** What is drawn again after a movement stands on a line of its own. */
function visible(raw: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: movements are told by them.
  const moves = /\u001b\[\d*[A-G]/g;
  return stripVTControlCharacters(raw.replace(moves, "\n")).replaceAll("\r", "");
}
