/** What has happened; chat hooks filter by it. */
export type NoticeKind =
  | "deployed"
  | "rolled-back"
  | "certificate"
  | "rebuilt"
  | "replaced"
  | "failed"
  | "certificate-failed";

/** Something that people are told once, before it is put into words for mail or for programs. */
export interface Notice {
  readonly kind: NoticeKind;
  /** The site's name, or its address. */
  readonly site: string;
  /** What has happened, in a few words. */
  readonly headline: string;
  /** The same with everything that somebody has to know, in lines. */
  readonly story: string;
  /** What to do, in plain words; empty when nothing is to be done. */
  readonly nextSteps: readonly string[];
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** The last lines of the machine's console, if that tells anything. */
  readonly console?: string | undefined;
  /** The ARN of the execution. */
  readonly execution: string;
  /** For programs. */
  readonly details: Readonly<Record<string, string>>;
}

/** SNS takes subjects of less than 100 ASCII characters, without control characters. */
const subjectCharacters = 99;
/** Of the text; the whole message, with the JSON form once for each protocol, may have 256 KiB. */
const textBytes = 32 * 1024;
/** Chat applications cut, or refuse, longer ones. */
const descriptionCharacters = 6_000;
const titleCharacters = 250;

/** The subject of the mail: what has happened is never cut for the sake of a long name. */
export function subjectOf({ site, headline }: Notice): string {
  const said = printable(headline).slice(0, subjectCharacters - 20);
  const room = subjectCharacters - said.length - 2;
  const name = printable(site);
  return `${name.length <= room ? name : `${name.slice(0, room - 3)}...`}: ${said}`;
}

const printable = (text: string) => text.replaceAll(/[^\x20-\x7e]/gu, "?");

/** The mail's text. */
export function textOf(notice: Notice): string {
  const { story, nextSteps, facts, console, execution } = notice;
  const lines = [
    story,
    ...(nextSteps.length > 0 ? ["", ...nextSteps.map((step) => `What to do: ${step}`)] : []),
    "",
    ...facts.map(([label, value]) => `${label}: ${value}`),
    `Execution: ${execution}`,
    `Step by step: ${executionUrl(execution)}`,
    ...(console === undefined ? [] : ["", "The console's last lines:", console]),
  ];
  return `${cutBytes(lines.join("\n"), textBytes)}\n`;
}

/**
 * The form for programs: a custom notification of Amazon Q Developer in chat applications (once AWS Chatbot), which
 * shows nothing else. https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
 */
export function chatOf(notice: Notice): ChatNotice {
  const { kind, site, story, nextSteps, facts, console, execution, details } = notice;
  const description = [
    story,
    "",
    ...facts.map(([label, value]) => `*${label}*: ${value}`),
    ...(console === undefined ? [] : ["", "```", console, "```"]),
  ].join("\n");
  const subject = subjectOf(notice);
  return {
    version: "1.0",
    source: "custom",
    id: execution,
    content: {
      textType: "client-markdown",
      title: `${site}: ${notice.headline}`.slice(0, titleCharacters),
      description: description.slice(0, descriptionCharacters),
      ...(nextSteps.length > 0 && { nextSteps }),
      keywords: [kind, site],
    },
    metadata: {
      summary: subject,
      eventType: kind,
      relatedResources: [execution],
      additionalContext: { site, ...details, execution, link: executionUrl(execution) },
    },
  };
}

/** docs/notifications.md tells each member. */
export interface ChatNotice {
  readonly version: "1.0";
  readonly source: "custom";
  readonly id: string;
  readonly content: {
    readonly textType: "client-markdown";
    readonly title: string;
    readonly description: string;
    readonly nextSteps?: readonly string[];
    readonly keywords: readonly string[];
  };
  readonly metadata: {
    readonly summary: string;
    readonly eventType: NoticeKind;
    readonly relatedResources: readonly string[];
    readonly additionalContext: Readonly<Record<string, string>>;
  };
}

/** The page of the Step Functions console that shows an execution. */
function executionUrl(execution: string): string {
  const region = execution.split(":")[3];
  return `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${execution}`;
}

/** Cuts a text to a number of bytes of UTF-8, between characters. */
function cutBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  return `${whole
    .subarray(0, bytes)
    .toString("utf8")
    .replace(/\ufffd$/, "")}\n[cut here; the execution has the rest]`;
}
