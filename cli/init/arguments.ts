import { writeFile } from "node:fs/promises";
import { parameterProblems, placeProblems } from "../../stack/parameters.mjs";
import { defaultParameters } from "../doctor/parameters.ts";
import { CommandFailed } from "../failure.ts";

/** What a stack is deployed with; empty for none. */
export interface Answers {
  readonly domain: string;
  readonly aliases: string;
  readonly email: string;
  readonly hostedZone: string;
  readonly region: string;
  readonly stage: string;
}

const PARAMETERS = ["domain", "aliases", "email", "hostedZone"] as const;

/** Where the arguments of a stage are written, in the folder where it is run. */
export function argsFile(stage: string): string {
  return `mirage-pages.${stage}.args`;
}

/** What is wrong with answers, in the words of the check before a deploy. */
export async function problemsOf({ region, stage, ...parameters }: Answers): Promise<string[]> {
  const all = { ...(await defaultParameters()), ...parameters };
  return [...placeProblems({ region, stage }), ...parameterProblems(all)];
}

/** The answers as arguments of `serverless deploy` and `mirage-pages doctor`. Pure. */
export function argumentsOf(answers: Answers): string[] {
  const { region, stage } = answers;
  const given = PARAMETERS.filter((name) => answers[name] !== "");
  return [
    `--region=${region}`,
    `--stage=${stage}`,
    ...given.map((name) => `--param=${name}=${answers[name]}`),
  ];
}

/** Writes the arguments, a line each, in the quotes that xargs takes off. Throws CommandFailed when the file is there. */
export async function writeArguments(file: string, answers: Answers, force: boolean): Promise<void> {
  const lines = argumentsOf(answers).map((argument) => `"${argument}"\n`);
  try {
    await writeFile(file, lines.join(""), { flag: force ? "w" : "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new CommandFailed(`${file} is there already; --force replaces it, --stage names another one.`);
  }
}

/** The commands that make a site of it, in order. Pure. */
export function nextCommands(
  { region, stage, domain, hostedZone }: Answers,
  file: string,
): { what: string; command: string }[] {
  const place = `--region ${region}${stage === "prod" ? "" : ` --stage ${stage}`}`;
  const records = domain !== "" && hostedZone === "";
  return [
    {
      what: "1. Look at the account; nothing is changed:",
      command: `xargs npx mirage-pages doctor < ${file}`,
    },
    {
      what: "2. Make the stack, in a checkout of mirage-pages:",
      command: `xargs npx serverless deploy < ${file}`,
    },
    ...(records
      ? [
          {
            what: `3. Point ${domain} at SiteAddress (an A record):`,
            command: `npx serverless info --verbose ${place}`,
          },
        ]
      : []),
    { what: `${records ? 4 : 3}. Deploy a built site:`, command: `npx mirage-pages deploy _site ${place}` },
  ];
}
