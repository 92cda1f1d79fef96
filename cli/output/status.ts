import { counted, size } from "../../lib/words.ts";
import type { Overview } from "../read/overview.ts";
import type { Standing } from "../read/standing.ts";
import { labelled, timeText } from "./text.ts";

const LABEL = 14;

type Subject = readonly [label: string, text: string | undefined];

/** How a site stands, a line for each subject that there is something to say about. Pure, but for colours. */
export function statusLines(
  standing: Standing,
  more: Overview | undefined,
  width: number | undefined,
): string[] {
  return labelled([...subjects(standing), ...(more ? furtherSubjects(more) : [])], LABEL, width);
}

function subjects({ url, live, held, seen, underWay, waiting, refused }: Standing): Subject[] {
  return [
    ["site", url],
    ["live", live === null ? "nothing yet: upload a site, which deploys it" : liveText(live)],
    ["held", held ? `by a rollback: the bucket has the content of release ${held.release}` : undefined],
    ["machine", live ? `${live.instanceId}, ${seenText(seen)}` : undefined],
    ["certificate", live ? certificateText(live.certificate) : undefined],
    ["under way", underWay?.step],
    ["waiting", waiting.length > 0 ? waiting.join(", ") : undefined],
    ["not deployed", refused ? `${refused.error}: ${refused.cause}` : undefined],
  ];
}

function furtherSubjects({ running, fleet, certificate, costs }: Overview): Subject[] {
  const others = running.filter(({ machine }) => machine !== "deploy");
  const { next, failures } = certificate;
  const deployments = counted(costs.deployments, "deployment");
  return [
    [
      "also running",
      lines(others.map(({ machine, steps }) => `${machine}: ${steps.at(-1)?.title ?? "beginning"}`)),
    ],
    ["next look", next ? `${timeText(next.at)} at the certificate: ${next.reason}` : undefined],
    ["", failures > 0 ? `${failures} orders in a row failed` : undefined],
    [
      "machines",
      lines(
        fleet.machines.map(
          ({ instanceId, state, release, address }) =>
            `${instanceId}  ${state.padEnd(8)} release ${release}${address === undefined ? "" : `  ${address}`}`,
        ),
      ) ?? "none",
    ],
    ["images", lines(fleet.images.map(({ imageId, release }) => `${imageId}  release ${release}`)) ?? "none"],
    ["cost", `about $${costs.usd.toFixed(2)} a month with the last 30 days' ${deployments}`],
    ["", lines(costs.missing.map((what) => `not in it: ${what}`))],
  ];
}

function lines(all: readonly string[]): string | undefined {
  return all.length === 0 ? undefined : all.join("\n");
}

function liveText({ release, since, archive }: NonNullable<Standing["live"]>): string {
  return `release ${release} since ${timeText(since)}, ${archive.files} files, ${size(archive.siteBytes)}`;
}

function seenText(seen: Standing["seen"]): string {
  if (seen === null) return "not looked at yet";
  return seen.answers ? "answers" : `did not answer: ${seen.reason}`;
}

function certificateText({ selfSigned, notAfter }: NonNullable<Standing["live"]>["certificate"]): string {
  return `${selfSigned ? "self-signed, " : ""}until ${timeText(notAfter)}`;
}
