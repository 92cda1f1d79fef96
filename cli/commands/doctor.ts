import { Command, InvalidArgumentError } from "commander";
import { ExitCode } from "../failure.ts";
import { findingLines, summary } from "../output/findings.ts";
import { print, terminalWidth } from "../output/text.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface DoctorOptions extends TargetOptions {
  readonly param?: Readonly<Record<string, string>>;
  readonly resolver?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

const help = `
It looks and changes nothing. Exit code 1 when there is a problem.

Examples:
  mirage-pages doctor --region eu-central-1 --param=domain=example.org
  mirage-pages doctor --local --json`;

/** `mirage-pages doctor`: what keeps a deployment or the site from working, and what to do about it. */
export function doctorCommand(): Command {
  return withTarget(new Command("doctor"))
    .description("Looks at the account, the stack and the domain: before a deploy, and after one.")
    .option("--param <name=value>", "a parameter, as for serverless deploy; may be repeated", parameter)
    .option("--resolver <address>", "ask this name server, as 192.0.2.53 or 127.0.0.1:5353")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", help)
    .action(doctor);
}

function parameter(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [name = "", ...value] = text.split("=");
  if (value.length === 0) throw new InvalidArgumentError('It has the form "name=value".');
  return { ...before, [name]: value.join("=") };
}

async function doctor(_: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<DoctorOptions>();
  // Loading the clients takes longer than telling help, which needs none.
  const { examine } = await import("../doctor/examine.ts");
  const target = aim(options);
  const findings = await examine(target, {
    given: options.param ?? {},
    resolver: options.resolver,
    verbose: options.verbose ?? false,
  });
  if (findings.some(({ status }) => status === "problem")) process.exitCode = ExitCode.failed;
  if (options.json) {
    const { stack, region, endpoint } = target;
    console.log(JSON.stringify({ stack, region, ...(endpoint && { endpoint }), findings }, null, 2));
    return;
  }
  const where = target.endpoint === undefined ? target.region : `${target.region} at ${target.endpoint}`;
  print(`${target.stack} in ${where}\n`);
  for (const line of findingLines(findings, terminalWidth())) console.log(line);
  console.log(`\n${summary(findings)}`);
}
