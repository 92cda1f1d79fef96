import type { Deployed } from "./deployed.ts";
import type { Names } from "./names.ts";
import type { Parameters } from "./parameters.ts";

/** What one look found. A problem keeps a deployment or the site from working; a warning may, later. */
export interface Finding {
  readonly status: "ok" | "warning" | "problem";
  /** What is so, or what is wrong and where. */
  readonly text: string;
  /** What to do about it, where the text does not say so itself. */
  readonly todo?: string;
}

/** What every check looks at. */
export interface Subject {
  readonly account: string;
  readonly region: string;
  readonly stage: string;
  readonly stack: string;
  /** Those of `--param` alone. */
  readonly given: Parameters;
  readonly defaults: Parameters;
  /** Those of `--param`, over those that the stack was deployed with, over the defaults of serverless.yml. */
  readonly parameters: Parameters;
  /** Undefined before the first deploy. */
  readonly deployed: Deployed | undefined;
  readonly names: Names;
}

/** One subject to look into. What `run` throws becomes a finding. */
export interface Check {
  readonly name: string;
  run(subject: Subject): Promise<Finding[]>;
}

/** A finding under the name of its check, as it is told. */
export interface Told extends Finding {
  readonly check: string;
}

export const ok = (text: string): Finding => ({ status: "ok", text });
export const warning = (text: string, todo: string): Finding => ({ status: "warning", text, todo });
export const problem = (text: string, todo?: string): Finding => ({
  status: "problem",
  text,
  ...(todo !== undefined && { todo }),
});
