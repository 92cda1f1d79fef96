import type { Certificate } from "../../lib/releases/records.ts";
import { counted } from "../../lib/words.ts";
import type { CertificateStanding } from "../read/certificate.ts";
import { labelled, timeText } from "./text.ts";

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
    ["failed", failures > 0 ? `${counted(failures, "order")} since the last good one` : undefined],
    ["next look", next ? `${timeText(next.at)}: ${next.reason}` : undefined],
  ];
  return labelled(subjects, LABEL, width);
}

function validText({ notBefore, notAfter }: Certificate): string {
  return `${timeText(notBefore)} to ${timeText(notAfter)}`;
}
