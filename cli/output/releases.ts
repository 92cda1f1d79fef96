import { size } from "../../lib/words.ts";
import type { Listed } from "../read/releases.ts";
import { coloured, timeText, wrap } from "./text.ts";

/** Releases as lines of a table; what is too long for the terminal goes on below. Pure, but for colours. */
export function releaseLines(
  releases: readonly Listed[],
  withChanges: boolean,
  width: number | undefined,
): string[] {
  if (releases.length === 0) return ["No release yet: upload a site, which deploys it."];
  const digits = Math.max(...releases.map(({ number }) => String(number).length));
  const room = Math.max((width ?? Number.POSITIVE_INFINITY) - digits - 4, 16);
  const margin = " ".repeat(digits + 4);
  return releases.flatMap((release) => {
    const { number, state } = release;
    const mark = state === "live" ? coloured("green", "●") : " ";
    const lines = wrap(`${state.padEnd(9)}  ${told(release, withChanges)}`, room);
    const text = lines.map((line, at) => (at === 0 ? line : margin + line));
    return [`${mark} ${coloured("bold", String(number).padStart(digits))}  ${text.shift() ?? ""}`, ...text];
  });
}

function told(
  { reason, startedAt, files, bytes, to, failure, changes }: Listed,
  withChanges: boolean,
): string {
  const what = to === undefined ? reason : `${reason} to release ${to}`;
  const whole = files === undefined ? [] : [`${files} files, ${size(bytes ?? 0)}`];
  const differs = !withChanges || changes === undefined ? [] : [changesText(changes)];
  const cause = failure === undefined ? [] : [failure.split("\n")[0] ?? ""];
  return [timeText(startedAt), what, ...whole, ...differs, ...cause].join("  ");
}

/** "+2 ~1 −0 files, +1.2 KB": how many, and the bytes of those that are new or were changed. */
function changesText({ added, changed, removed }: NonNullable<Listed["changes"]>): string {
  const sent = added.bytes + changed.bytes;
  return `+${added.files} ~${changed.files} −${removed.files} files${sent === 0 ? "" : `, ${size(sent)} of them new`}`;
}
