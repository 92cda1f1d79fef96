import { showKey, showSize, showText } from "./show.ts";

/**
 * The site cannot be deployed as it stands in the bucket: the person who owns it has to change something.
 * Every subclass has `refused: true`, which survives bundling twice (where `instanceof` does not).
 */
export abstract class SiteRefused extends Error {
  readonly refused = true;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** Tells a refusal (the site's fault, explained to its owner) from a fault of ours or of AWS. */
export function isRefusal(error: unknown): error is SiteRefused {
  return error instanceof Error && (error as Partial<SiteRefused>).refused === true;
}

/** The bucket holds no object that could be served. */
export class EmptySite extends SiteRefused {
  constructor() {
    super(
      "EmptySite",
      "The content bucket holds no file: deploying it would blank the site, so the live one stays. " +
        "Upload the site, or set allowEmpty to serve an empty one on purpose.",
    );
  }
}

/** There is nothing to answer `/` with. */
export class NoIndex extends SiteRefused {
  constructor(nested: string | undefined) {
    const hint =
      nested === undefined
        ? ""
        : ` There is ${showKey(nested)}: was the folder above the site uploaded, instead of the site itself?`;
    super(
      "NoIndex",
      `The content bucket has no index.html at its top, so the site's front page would be missing.${hint} ` +
        "Upload an index.html (for Jekyll: sync _site, not its parent).",
    );
  }
}

/** What is wrong with one key. */
export interface KeyProblem {
  readonly key: string;
  readonly reason: string;
}

/** Keys that no URL can name, or that could name something else than they say. */
export class UnsafeKey extends SiteRefused {
  constructor(problems: readonly KeyProblem[]) {
    super(
      "UnsafeKey",
      `${several(problems.length, "key")} in the content bucket cannot be served: ` +
        list(problems.map(({ key, reason }) => `${showKey(key)} ${reason}`)) +
        ". Rename or delete them and sync again.",
    );
  }
}

/** Two owners of one URL path. `second` is undefined where the machine itself owns the path. */
export interface PathClash {
  readonly path: string;
  readonly first: string;
  readonly second?: string | undefined;
}

/** Two keys would answer at one URL path. */
export class DuplicatePath extends SiteRefused {
  constructor(clashes: readonly PathClash[]) {
    super(
      "DuplicatePath",
      `${several(clashes.length, "URL path")} would have two answers: ` +
        list(
          clashes.map(({ path, first, second }) =>
            second === undefined
              ? `${showKey(path)} is answered by the machine itself, not by ${showKey(first)}`
              : `${showKey(path)} from ${showKey(first)} and from ${showKey(second)}`,
          ),
        ) +
        ". Delete or rename one of each pair and sync again.",
    );
  }
}

/** One object is above the limit, `limit` bytes. */
export class ObjectTooLarge extends SiteRefused {
  constructor(key: string, size: number, limit: number) {
    super(
      "ObjectTooLarge",
      `${showKey(key)} is ${showSize(size)}; the limit for one file is ${showSize(limit)}. ` +
        "Put it elsewhere and link to it.",
    );
  }
}

/** The bucket holds more objects than one deployment can pack. */
export class TooManyObjects extends SiteRefused {
  constructor(count: number, limit: number) {
    super(
      "TooManyObjects",
      `The content bucket holds ${count} files; the limit for a site is ${limit}. Delete what is not served.`,
    );
  }
}

/** All objects together are above the limit, `limit` bytes. */
export class SiteTooLarge extends SiteRefused {
  constructor(bytes: number, limit: number) {
    super(
      "SiteTooLarge",
      `The files in the content bucket are ${showSize(bytes)} together; the limit for a site is ` +
        `${showSize(limit)}. Delete what is not served, or put large downloads elsewhere and link to them.`,
    );
  }
}

/** The site's own policies cannot be read. */
export class PolicyInvalid extends SiteRefused {
  constructor(file: string, problems: readonly { readonly line: number; readonly reason: string }[]) {
    super(
      "PolicyInvalid",
      `${file} is not right: ${list(problems.map(({ line, reason }) => `line ${line}: ${showText(reason)}`))}. ` +
        "Correct it and sync again; docs/http.md has all settings.",
    );
  }
}

/** The site asks for its rules to be honoured to the letter, and some cannot be. */
export class RulesNotHonoured extends SiteRefused {
  constructor(findings: readonly string[]) {
    super(
      "RulesNotHonoured",
      `${several(findings.length, "rule")} of this site cannot be honoured, and it is strict: ${list(findings)} ` +
        "Correct them, or take strict out of mirage-pages.toml, and sync again.",
    );
  }
}

function several(count: number, noun: string): string {
  return count === 1 ? `One ${noun}` : `${count} ${noun}s`;
}

/** The first few of many, so that a message stays a message. */
function list(items: readonly string[], shown = 5): string {
  const rest = items.length - shown;
  return items.slice(0, shown).join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}

/** The names of all refusals: other content is needed, trying again does not help. */
export const refusalNames: readonly string[] = [
  "EmptySite",
  "NoIndex",
  "UnsafeKey",
  "DuplicatePath",
  "PolicyInvalid",
  "RulesNotHonoured",
  "ObjectTooLarge",
  "TooManyObjects",
  "SiteTooLarge",
  "DiskTooSmall",
  "DiskTooLarge",
];
