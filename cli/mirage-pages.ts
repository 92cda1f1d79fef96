import { Command, CommanderError } from "commander";
import settings from "../package.json" with { type: "json" };
import { archiveCommand } from "./commands/archive.ts";
import { certCommand } from "./commands/cert.ts";
import { consoleCommand } from "./commands/console.ts";
import { deployCommand } from "./commands/deploy.ts";
import { destroyCommand } from "./commands/destroy.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { initCommand } from "./commands/init.ts";
import { logsCommand } from "./commands/logs.ts";
import { openCommand } from "./commands/open.ts";
import { releasesCommand } from "./commands/releases.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { statusCommand } from "./commands/status.ts";
import { sweepCommand } from "./commands/sweep.ts";
import { CommandFailed, ExitCode, Interrupted, inWords } from "./failure.ts";
import { heedInterrupts } from "./interrupt.ts";
import { reflowed, terminalWidth, wrap } from "./output/text.ts";

/** `mirage-pages`: what people type. Each command is a file in commands/. */
const program = new Command("mirage-pages")
  .description("Hosts a static site as a unikernel on AWS, or on this machine's local cloud.")
  .version(settings.version, "--version", "tell the version")
  .option("--verbose", "tell more, and show the stack of an error")
  .addHelpText(
    "after",
    "\nExit codes: 0 done, or nothing to do; 1 failed, or not as it should be; 2 wrong command line;\n130 interrupted by Ctrl-C.\n\nCompletion, of what is in PATH as mirage-pages: source <(mirage-pages complete bash), or zsh, fish, powershell.",
  )
  .exitOverride()
  .configureHelp({ showGlobalOptions: true, minWidthToWrap: 16 })
  .configureOutput({ writeOut: (help) => process.stdout.write(reflowed(help, terminalWidth())) })
  .showSuggestionAfterError();
program.addCommand(deployCommand());
program.addCommand(statusCommand());
program.addCommand(releasesCommand());
program.addCommand(rollbackCommand());
program.addCommand(logsCommand());
program.addCommand(openCommand());
program.addCommand(certCommand());
program.addCommand(consoleCommand());
program.addCommand(doctorCommand());
program.addCommand(sweepCommand());
program.addCommand(archiveCommand());
program.addCommand(initCommand());
program.addCommand(destroyCommand());
for (const command of program.commands) {
  for (const one of [command, ...command.commands]) one.copyInheritedSettings(program);
}

// Whoever reads our output may have seen enough (`| head`): what was begun is finished all the same.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

// Loaded by nobody else: it looks at every command and option.
if (process.argv[2] === "complete") (await import("@bomb.sh/tab/commander")).default(program);

heedInterrupts();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // What was left in the middle would go on.
  if (error instanceof Interrupted) process.exit();
}

function exitCodeOf(error: unknown): number {
  // Commander has said it already, and help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
  if (error instanceof Interrupted) {
    console.error(`\n${error.message}`);
    return ExitCode.interrupted;
  }
  const { verbose } = program.opts<{ verbose?: boolean }>();
  const shown = inWords(error instanceof Error ? error : new Error(String(error)));
  const expected = shown instanceof CommandFailed;
  const text = `mirage-pages: ${verbose ? shown.stack : shown.message}`;
  console.error(process.stderr.isTTY ? wrap(text, process.stderr.columns).join("\n") : text);
  if (!expected && !verbose) console.error("This was not expected; --verbose shows where it happened.");
  return ExitCode.failed;
}
