import { Command } from "commander";
import { CommandFailed } from "../failure.ts";
import { print } from "../output/text.ts";

interface InitOptions {
  readonly domain?: string;
  readonly aliases?: string;
  readonly email?: string;
  readonly hostedZone?: string;
  readonly region?: string;
  readonly stage: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const help = `
Writes the arguments of \`serverless deploy\` and of \`mirage-pages doctor\` to mirage-pages.STAGE.args, a line each.
Nothing is asked where there is no terminal, or with --domain; nothing is changed on AWS.

Examples:
  mirage-pages init
  mirage-pages init --domain example.org --email you@example.org --region eu-central-1`;

/** `mirage-pages init`: asks for what a stack needs to know, and writes it down. */
export function initCommand(): Command {
  return new Command("init")
    .description("Asks for domain, e-mail and region, and tells the commands that come next.")
    .option("--domain <name>", "the site's name, as example.org; empty for none")
    .option("--aliases <names>", "further names, with spaces between")
    .option("--email <address>", "who gets notifications")
    .option("--hosted-zone <id>", "Route 53 zone of the domain, whose records the stack makes")
    .option("--region <name>", "AWS region")
    .option("--stage <name>", "stage of the stack", "prod")
    .option("--force", "replace a file that is there")
    .option("--json", "print what was written as JSON")
    .addHelpText("after", help)
    .action(init);
}

async function init(options: InitOptions): Promise<void> {
  const { ask } = await import("../init/ask.ts");
  const { argsFile, argumentsOf, nextCommands, problemsOf, writeArguments } = await import(
    "../init/arguments.ts"
  );
  const asks = options.domain === undefined && process.stdin.isTTY && process.stdout.isTTY && !options.json;
  const answers = asks
    ? await ask(options)
    : {
        domain: options.domain ?? "",
        aliases: options.aliases ?? "",
        email: options.email ?? "",
        hostedZone: options.hostedZone ?? "",
        region: options.region ?? process.env.AWS_REGION ?? "us-east-1",
        stage: options.stage,
      };
  const problems = await problemsOf(answers);
  if (problems.length > 0) throw new CommandFailed(`Nothing was written:\n${problems.join("\n")}`);
  const file = argsFile(answers.stage);
  await writeArguments(file, answers, options.force ?? false);
  const next = nextCommands(answers, file);
  if (options.json) {
    const commands = next.map(({ command }) => command);
    console.log(JSON.stringify({ file, arguments: argumentsOf(answers), next: commands }, null, 2));
    return;
  }
  print(`\nWrote ${file}. What comes next:\n`);
  for (const { what, command } of next) {
    print(what);
    console.log(`  ${command}`);
  }
}
