import { Command } from "commander";
import { ExitCode } from "../failure.ts";
import { interruptible } from "../interrupt.ts";
import { print, terminalWidth } from "../output/text.ts";
import { aim, type TargetOptions, withTarget } from "../target.ts";

interface CertOptions extends TargetOptions {
  readonly json?: boolean;
  readonly renew?: boolean;
}

const help = `
Certificates are ordered and renewed by themselves. --renew has them looked at now, and does what is due: it orders
none while the present one is good. Exit code 1 when there is none, it is about to run out, or its order failed.

Examples:
  mirage-pages cert
  mirage-pages cert --renew`;

/** `mirage-pages cert`: the site's certificate, and a look at what is due. */
export function certCommand(): Command {
  return withTarget(new Command("cert"))
    .description("Tells how the certificate stands.")
    .option("--renew", "have the certificate machine look now")
    .option("--json", "print it as JSON")
    .addHelpText("after", help)
    .action(cert);
}

async function cert(_: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<CertOptions>();
  const { json = false } = options;
  const { openSite } = await import("../read/site.ts");
  const { certificateOf } = await import("../read/certificate.ts");
  const { certificateLines } = await import("../output/certificate.ts");
  const site = await openSite(aim(options));
  const looked = options.renew ? await look(site.machines.certificate, json) : undefined;
  const standing = await certificateOf(site);
  const { served, daysLeft } = standing;
  if (served === null || (daysLeft ?? 0) < 1 || looked?.failed) process.exitCode = ExitCode.failed;
  if (json) return console.log(JSON.stringify({ ...standing, ...(looked && { looked }) }, null, 2));
  if (looked !== undefined) print(`${looked.message}\n`);
  for (const line of certificateLines(standing, terminalWidth())) console.log(line);
}

interface Looked {
  readonly failed: boolean;
  readonly message: string;
}

/** Runs the certificate machine and tells what came of it. */
async function look(machine: string, json: boolean): Promise<Looked> {
  const { runMachine } = await import("../watch/other.ts");
  const { lineAudience, silence } = await import("../watch/lines.ts");
  const { messageOf } = await import("../../lib/failure.ts");
  const { status, output, error, cause } = await interruptible(
    () => "The certificate machine goes on without us: see `mirage-pages cert`.",
    (signal) => runMachine(machine, { why: "asked" }, json ? silence : lineAudience(print), signal),
  );
  const told = JSON.parse(output ?? "{}") as { message?: string };
  if (status === "SUCCEEDED")
    return { failed: false, message: told.message ?? "The certificate machine did what was due." };
  return { failed: true, message: `${error ?? status}: ${messageOf(cause ?? "")}` };
}
