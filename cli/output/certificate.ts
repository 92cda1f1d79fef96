import type { Certificate } from "../../lib/records.ts";
import type { CertificateStanding } from "../read/certificate.ts";
import { coloured, timeText, wrap } from "./text.ts";

const LABEL = 10;

/** How a certificate stands, a line for each subject. Pure, but for colours. */
export function certificateLines(standing: CertificateStanding, width: number | undefined): string[] {
  const { served, coming, daysLeft, next, failures } = standing;
  const subjects: [label: string, text: string | undefined][] = [
    ["names", served?.names.join(", ") ?? "none: nothing is live yet"],
    ["issuer", served ? (served.selfSigned ? "itself (self-signed)" : "a certificate authority") : undefined],
    ["valid", served ? `${validText(served)}, ${daysLeft} days left` : undefined],
    ["serial", served?.serial],
    ["coming", coming ? `${coming.serial}, ${validText(coming)}: the next release shows it` : undefined],
    [
      "failed",
      failures > 0 ? `${failures} order${failures === 1 ? "" : "s"} since the last good one` : undefined,
    ],
    ["next look", next ? `${timeText(next.at)}: ${next.reason}` : undefined],
  ];
  const room = Math.max((width ?? Number.POSITIVE_INFINITY) - LABEL, 20);
  return subjects.flatMap(([label, text]) =>
    text === undefined
      ? []
      : wrap(text, room).map((line, at) => coloured("bold", (at === 0 ? label : "").padEnd(LABEL)) + line),
  );
}

function validText({ notBefore, notAfter }: Certificate): string {
  return `${timeText(notBefore)} to ${timeText(notAfter)}`;
}
