import { Command } from "commander";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface OpenOptions extends TargetOptions {
  readonly json?: boolean;
  readonly aws?: boolean;
}

const help = `
Examples:
  mirage-pages open
  mirage-pages open --aws`;

/** `mirage-pages open`: the site in the browser. */
export function openCommand(): Command {
  return withTarget(new Command("open"))
    .description("Opens the site in the browser.")
    .option("--aws", "open the deployments in AWS's console instead")
    .option("--json", "only print the URL, as JSON")
    .addHelpText("after", help)
    .action(openSiteInBrowser);
}

async function openSiteInBrowser(_: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<OpenOptions>();
  const { openSite } = await import("../read/site.ts");
  const site = await openSite(aim(options));
  const url = options.aws ? (site.outputs.DeploymentsConsole ?? site.url) : site.url;
  console.log(options.json ? JSON.stringify({ url }) : url);
  if (options.json) return;
  const { default: open } = await import("open");
  await open(url);
}
