import { Command, InvalidArgumentError } from "commander";
import { untilInterrupted } from "../interrupt.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface ConsoleOptions extends TargetOptions {
  readonly port: number;
  readonly json?: boolean;
}

const help = `
The page is served on 127.0.0.1 only, to who has the address that is printed. As long as it is open it reads the
site's records all the time, which costs about a cent an hour on AWS. Ctrl-C ends it; deployments go on.

Examples:
  mirage-pages console --local
  mirage-pages console --json | jq -r .url
  mirage-pages console --stage prod --region eu-central-1 --port 8080`;

/** `mirage-pages console`: a page on loopback that shows what is going on. */
export function consoleCommand(): Command {
  return withTarget(new Command("console"))
    .description("Serves a page on this machine that shows deployments, releases, machines and costs.")
    .option("--port <number>", "port on 127.0.0.1 (default: any free one)", port, 0)
    .option("--json", "print address and token as one line of JSON, then serve")
    .addHelpText("after", help)
    .action(serve);
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError("It is no TCP port.");
}

async function serve(_: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ConsoleOptions>();
  const { openSite } = await import("../read/site.ts");
  const { startConsole } = await import("../console/server.ts");
  const served = await startConsole(await openSite(aim(options)), options.port);
  const { url, token } = served;
  if (options.json) console.log(JSON.stringify({ url, token }));
  else console.log(`${url}\n\nThe token in this address is the key to the page. Ctrl-C ends it.`);
  await untilInterrupted();
  await served.stop();
  if (!options.json) console.log("The page is closed. What it asked for goes on.");
}
