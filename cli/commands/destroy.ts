import { Command } from "commander";
import { CommandFailed } from "../failure.ts";
import { interruptible } from "../interrupt.ts";
import { print } from "../output/text.ts";
import type { Site } from "../read/site.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface DestroyOptions extends TargetOptions {
  readonly json?: boolean;
  readonly confirm?: string;
  readonly keepBuckets?: boolean;
}

const help = `
The site is down from its first minute on, and nothing brings it back: machines, images, snapshots, the stack with its
address and functions, both buckets with every version. It asks for the stack's name; --confirm gives it at once. What
was interrupted or failed goes on where it was when the command is given again, as long as the stack is there.

Examples:
  mirage-pages destroy --stage trial
  mirage-pages destroy --stage trial --confirm mirage-pages-trial --keep-buckets`;

/** `mirage-pages destroy`: removes a stack and everything that it made. */
export function destroyCommand(): Command {
  return withTarget(new Command("destroy"))
    .description("Removes the stack with all that it made, for good.")
    .option("--confirm <stack>", "the stack's name, instead of being asked for it")
    .option("--keep-buckets", "leave the site's files, its records and archives")
    .option("--json", "print what was done as JSON; needs --confirm")
    .addHelpText("after", help)
    .action(destroy);
}

async function destroy(_: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<DestroyOptions>();
  const { json = false, keepBuckets = false } = options;
  const { openSite } = await import("../read/site.ts");
  const { partsOf } = await import("../destroy/destroy.ts");
  const { working } = await import("../output/working.ts");
  const target = aim(options);
  const site = await openSite(target);
  if (!json) await tellWhatGoes(site, keepBuckets);
  await confirmed(site.stack, options, command);
  const done: { part: string; result: string }[] = [];
  let part = "";
  await interruptible(
    () => `Stopped while ${part}. What was deleted is gone; the same command goes on with the rest.`,
    async (signal) => {
      for (const { title, run } of partsOf(site, keepBuckets)) {
        part = title;
        const result = await working(title, json, (say) => run(say, signal));
        done.push({ part: title, result });
        if (!json) print(`${title}: ${result}`);
      }
    },
  );
  if (json) return console.log(JSON.stringify({ stack: site.stack, done }, null, 2));
  print("Records of the domain that the stack did not make still point at its address: remove them.");
}

async function tellWhatGoes(
  { stack, region, url, contentBucket, stateBucket }: Site,
  keep: boolean,
): Promise<void> {
  const { fleetOf } = await import("../read/fleet.ts");
  const { machines, images, snapshots } = await fleetOf();
  print(`${stack} in ${region} serves ${url}. For good go:`);
  print(`  ${machines.length} machines, ${images.length} images, ${snapshots.length} snapshots`);
  print("  the CloudFormation stack: address, network, functions, roles, alarms, logs");
  print(
    keep ? `The buckets ${contentBucket} and ${stateBucket} stay.` : `  ${contentBucket} and ${stateBucket}`,
  );
}

/** Throws CommandFailed unless somebody has typed the stack's name. */
async function confirmed(stack: string, { confirm, json }: DestroyOptions, command: Command): Promise<void> {
  const isAsked = confirm === undefined && process.stdin.isTTY && process.stdout.isTTY && !json;
  if (confirm === undefined && !isAsked)
    command.error(`error: nobody can be asked here; --confirm ${stack} says that it is meant`);
  const typed = confirm ?? (await typedName(stack));
  if (typed !== stack) throw new CommandFailed(`That is not its name (${stack}): nothing was removed.`);
}

async function typedName(stack: string): Promise<string> {
  const { asked, question } = await import("../output/prompt.ts");
  const { input } = await import("@inquirer/prompts");
  return asked(() => input({ message: question(`Type ${stack} to remove it:`) }), "Nothing was removed.");
}
