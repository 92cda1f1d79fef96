import type { Standing } from "../status.ts";
import { coloured, sizeText, timeText, wrap } from "./text.ts";

const LABEL = 14;

/** How a site stands, a line for each subject that there is something to say about. Pure, but for colours. */
export function statusLines(standing: Standing, width: number | undefined): string[] {
  const room = Math.max((width ?? Number.POSITIVE_INFINITY) - LABEL, 20);
  return subjects(standing).flatMap(([label, text]) =>
    wrap(text, room).map((line, at) => coloured("bold", (at === 0 ? label : "").padEnd(LABEL)) + line),
  );
}

function subjects(standing: Standing): [label: string, text: string][] {
  const { url, live, held, seen, underWay, waiting, refused } = standing;
  const told: [string, string | undefined][] = [
    ["site", url],
    ["live", live === null ? "nothing yet: upload a site, which deploys it" : liveText(live)],
    ["held", held ? `by a rollback: the bucket has the content of release ${held.release}` : undefined],
    ["machine", live ? `${live.instanceId}, ${seenText(seen)}` : undefined],
    ["certificate", live ? certificateText(live.certificate) : undefined],
    ["under way", underWay?.step],
    ["waiting", waiting.length > 0 ? waiting.join(", ") : undefined],
    ["not deployed", refused ? `${refused.error}: ${refused.cause}` : undefined],
  ];
  return told.filter((one): one is [string, string] => one[1] !== undefined);
}

function liveText({ release, since, archive }: NonNullable<Standing["live"]>): string {
  return `release ${release} since ${timeText(since)}, ${archive.files} files, ${sizeText(archive.siteBytes)}`;
}

function seenText(seen: Standing["seen"]): string {
  if (seen === null) return "not looked at yet";
  return seen.answers ? "answers" : `did not answer: ${seen.reason}`;
}

function certificateText({ selfSigned, notAfter }: NonNullable<Standing["live"]>["certificate"]): string {
  return `${selfSigned ? "self-signed, " : ""}until ${timeText(notAfter)}`;
}
