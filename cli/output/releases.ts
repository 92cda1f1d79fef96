import type { Reason, Release } from "../../lib/records.ts";
import { keptNumbers, type Site } from "../site.ts";
import { coloured, sizeText, timeText, wrap } from "./text.ts";

/** A release as it is listed; times as ISO 8601, sizes in bytes. */
export interface Listed {
  readonly number: number;
  readonly reason: Reason;
  /** As recorded; "kept" and "removed" for what was live once. */
  readonly state: "live" | "kept" | "removed" | Exclude<Release["status"], "live">;
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  readonly files: number | undefined;
  readonly bytes: number | undefined;
  /** Where a rollback went to. */
  readonly to: number | undefined;
  readonly failure: string | undefined;
}

/** A site's releases as they are listed, newest first. Pure. */
export function listed(site: Site): Listed[] {
  const kept = new Set(keptNumbers(site));
  return site.releases.map((release) => {
    const { number, reason, status, startedAt, endedAt, archive, to, failure } = release;
    const was = number === site.live?.release ? "live" : kept.has(number) ? "kept" : "removed";
    const state = status === "live" ? was : status;
    const { files, siteBytes: bytes } = archive ?? {};
    return { number, reason, state, startedAt, endedAt, files, bytes, to, failure: failure?.cause };
  });
}

/** Releases as lines of a table; what is too long for the terminal goes on below. Pure, but for colours. */
export function releaseLines(releases: readonly Listed[], width: number | undefined): string[] {
  if (releases.length === 0) return ["No release yet: upload a site, which deploys it."];
  const digits = Math.max(...releases.map(({ number }) => String(number).length));
  const room = Math.max((width ?? Number.POSITIVE_INFINITY) - digits - 4, 16);
  const margin = " ".repeat(digits + 4);
  return releases.flatMap((release) => {
    const { number, state } = release;
    const mark = state === "live" ? coloured("green", "●") : " ";
    const lines = wrap(`${state.padEnd(9)}  ${told(release)}`, room);
    const text = lines.map((line, at) => (at === 0 ? line : margin + line));
    return [`${mark} ${coloured("bold", String(number).padStart(digits))}  ${text.shift() ?? ""}`, ...text];
  });
}

function told({ reason, startedAt, files, bytes, to, failure }: Listed): string {
  const what = to === undefined ? reason : `${reason} to release ${to}`;
  const size = files === undefined ? [] : [`${files} files, ${sizeText(bytes ?? 0)}`];
  const cause = failure === undefined ? [] : [failure.split("\n")[0] ?? ""];
  return [timeText(startedAt), what, ...size, ...cause].join("  ");
}
