import type { Changes, Live, Release } from "../releases/records.ts";
import { showKey } from "../site/show.ts";
import { counted, seconds, size } from "../words.ts";
import { nextStep } from "./next-steps.ts";
import type { Notice, NoticeKind } from "./notice.ts";

/** What notify knows of a deployment that has ended. */
export interface Ended {
  readonly site: string;
  readonly execution: string;
  readonly outcome: "live" | "failed";
  /** What commit or undo has to say. */
  readonly message: string;
  /** The release that this deployment opened, unless it failed before. */
  readonly opened: Release | undefined;
  readonly live: Live | undefined;
  /** Of the machine that was given up. */
  readonly console?: string | undefined;
}

const consoleLines = 12;
const namesShown = 5;

/** Says how a deployment ended. Pure. */
export function deploymentNotice(ended: Ended): Notice {
  const { site, execution, message, opened, live } = ended;
  const failed = ended.outcome === "failed";
  const { kind, headline } = failed ? failure(ended) : success(ended);
  const error = errorOf(message);
  return {
    ...{ kind, site, headline, execution },
    story: message,
    nextSteps: failed ? [nextStep(error)] : [],
    facts: [["Site", `https://${site}/`], ...(opened === undefined ? [] : releaseFacts(opened, live))],
    console: failed ? lastLines(ended.console, message) : undefined,
    details: {
      url: `https://${site}/`,
      outcome: ended.outcome,
      ...(live && { live: String(live.release) }),
      ...(opened && releaseDetails(opened)),
      ...(failed && { error }),
    },
  };
}

function success({ opened, live, message }: Ended): { kind: NoticeKind; headline: string } {
  const release = live?.release ?? opened?.number;
  if (opened === undefined) return { kind: "deployed", headline: message.split("\n")[0] ?? "" };
  const until = opened.certificate?.notAfter.slice(0, 10);
  switch (opened.reason) {
    case "rollback": {
      const anew = opened.status === "restored" ? "" : `, as release ${opened.number}`;
      return { kind: "rolled-back", headline: `rolled back to release ${opened.to}${anew}` };
    }
    case "certificate":
      return { kind: "certificate", headline: `new certificate until ${until} (release ${release})` };
    case "rebuild":
      return { kind: "rebuilt", headline: `release ${release} is live, built anew` };
    case "replace":
      return { kind: "replaced", headline: `a dead machine was replaced (release ${release})` };
    case "content":
      return { kind: "deployed", headline: `release ${release} is live (${shortly(opened)})` };
  }
}

function failure({ opened, live, message }: Ended): { kind: NoticeKind; headline: string } {
  const error = errorOf(message);
  const what = whatFailed(opened);
  if (error === "UndoFailed") return { kind: "failed", headline: `${what} failed and was not taken back` };
  const rest = live === undefined ? "nothing is live yet" : `release ${live.release} goes on`;
  return { kind: "failed", headline: `${what} failed (${error}), ${rest}` };
}

function whatFailed(opened: Release | undefined): string {
  if (opened === undefined) return "deployment";
  return opened.reason === "rollback" ? `rollback to release ${opened.to}` : `release ${opened.number}`;
}

/** The error's name, with which undo's message begins. */
function errorOf(message: string): string {
  return /^([\w.-]+): /.exec(message)?.[1] ?? "UndoFailed";
}

/** "3 added, 1 changed", or how large the first release is. */
function shortly({ changes, archive }: Release): string {
  if (changes === undefined || changes.since === undefined) return counted(archive?.files ?? 0, "file");
  const parts = (["added", "changed", "removed"] as const)
    .filter((how) => changes[how].files > 0)
    .map((how) => `${changes[how].files} ${how}`);
  return parts.join(", ") || "no file changed";
}

function releaseFacts(release: Release, live: Live | undefined): [string, string][] {
  const { number, archive, changes, certificate } = release;
  const took = secondsOf(release);
  const holds = archive ? ` (${counted(archive.files, "file")}, ${size(archive.siteBytes)})` : "";
  return [
    ["Release", `${number}${holds}`],
    ...(live && live.release !== number ? [["Live", `release ${live.release}`] as [string, string]] : []),
    ...(took === undefined ? [] : [["Took", seconds(took)] as [string, string]]),
    ...(changes === undefined ? [] : changeFacts(changes)),
    ...(certificate === undefined ? [] : [["Certificate", certificateText(certificate)] as [string, string]]),
  ];
}

function changeFacts(changes: Changes): [string, string][] {
  return (["added", "changed", "removed"] as const).map((how) => {
    const { files, bytes, first } = changes[how];
    const label = `${how[0]?.toUpperCase()}${how.slice(1)}`;
    if (files === 0) return [label, "nothing"];
    const names = first.slice(0, namesShown).map((key) => showKey(key, 80));
    const more = files > names.length ? ", …" : "";
    return [label, `${counted(files, "file")}, ${size(bytes)}: ${names.join(", ")}${more}`];
  });
}

function certificateText({ selfSigned, notAfter }: NonNullable<Release["certificate"]>): string {
  return `${selfSigned ? "self-signed, " : ""}valid until ${notAfter.slice(0, 10)}`;
}

function releaseDetails(release: Release): Record<string, string> {
  const { number, reason, to, archive, changes, certificate } = release;
  const took = secondsOf(release);
  return {
    ...{ release: String(number), reason },
    ...(to !== undefined && { to: String(to) }),
    ...(took !== undefined && { seconds: String(took) }),
    ...(archive && { files: String(archive.files), bytes: String(archive.siteBytes) }),
    ...(changes && {
      filesAdded: String(changes.added.files),
      filesChanged: String(changes.changed.files),
      filesRemoved: String(changes.removed.files),
      bytesAdded: String(changes.added.bytes),
      bytesChanged: String(changes.changed.bytes),
      bytesRemoved: String(changes.removed.bytes),
    }),
    ...(certificate && { certificateUntil: certificate.notAfter }),
  };
}

/** From the plan to the commit, in seconds. */
function secondsOf({ startedAt, endedAt }: Release): number | undefined {
  return endedAt === undefined ? undefined : Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
}

/** Nothing where the message has these lines already. */
function lastLines(console: string | undefined, message: string): string | undefined {
  const lines = (console ?? "").trimEnd().split("\n").slice(-consoleLines);
  const last = lines.at(-1)?.trim() ?? "";
  return last === "" || message.includes(last) ? undefined : lines.join("\n");
}
