import { Command, CommanderError } from "commander";
import { archiveCommand } from "./commands/archive.ts";
import { consoleCommand } from "./commands/console.ts";
import { deployCommand } from "./commands/deploy.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { releasesCommand } from "./commands/releases.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { statusCommand } from "./commands/status.ts";
import { CommandFailed, ExitCode, Interrupted } from "./failure.ts";
import { wrap } from "./output/text.ts";

/** `mirage-pages`: what people type. Each command is a file in commands/. */
const program = new Command("mirage-pages")
  .description("Hosts a static site as a unikernel on AWS, or on this machine's local cloud.")
  .option("--verbose", "tell more, and show the stack of an error")
  .addHelpText(
    "after",
    "\nExit codes: 0 done, or nothing to do; 1 failed, or not as it should be; 2 wrong command line;\n130 interrupted by Ctrl-C.",
  )
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .showSuggestionAfterError();
program.addCommand(deployCommand());
program.addCommand(statusCommand());
program.addCommand(releasesCommand());
program.addCommand(rollbackCommand());
program.addCommand(consoleCommand());
program.addCommand(archiveCommand());
program.addCommand(doctorCommand());
for (const command of program.commands) {
  for (const one of [command, ...command.commands]) one.copyInheritedSettings(program);
}

// Whoever reads our output may have seen enough (`| head`).
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  // Commander has said it already, and help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
  if (error instanceof Interrupted) {
    console.error(`\n${error.message}`);
    return ExitCode.interrupted;
  }
  const { verbose } = program.opts<{ verbose?: boolean }>();
  const shown = error instanceof Error ? error : new Error(String(error));
  const expected = shown instanceof CommandFailed;
  const text = `mirage-pages: ${expected || !verbose ? shown.message : shown.stack}`;
  console.error(process.stderr.isTTY ? wrap(text, process.stderr.columns).join("\n") : text);
  if (!expected && !verbose) console.error("This was not expected; --verbose shows where it happened.");
  return ExitCode.failed;
}
