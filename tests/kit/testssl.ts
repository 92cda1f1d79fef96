import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";

const findingsSchema = z.array(z.object({ id: z.string(), severity: z.string(), finding: z.string() }));
export type TlsFinding = z.infer<typeof findingsSchema>[number];

/** A server of HTTPS, and PEM of the root that it is trusted by. */
export interface TlsTarget {
  readonly address: string;
  readonly port: number;
  readonly name: string;
  readonly root: string;
}

const LIMIT_MS = 540_000;

/**
 * All that Debian's testssl.sh says of a server; `checks` are its options for some of them instead of all. It asks
 * nobody but the server. Rejects when it cannot look.
 */
export async function testssl(
  { address, port, name, root }: TlsTarget,
  checks: readonly string[] = [],
): Promise<TlsFinding[]> {
  const folder = await mkdtemp(join(tmpdir(), "mp-testssl-"));
  const [roots, report] = [join(folder, "root.pem"), join(folder, "report.json")];
  await writeFile(roots, root);
  const quietly = ["--quiet", "--warnings", "off", "--color", "0", "--nodns", "none"];
  const options = [...quietly, "--add-ca", roots, "--ip", address, "--jsonfile", report, ...checks];
  try {
    // Its exit code counts findings, so that only what it has written tells how it went.
    await promisify(execFile)("testssl", [...options, `https://${name}:${port}`], {
      timeout: LIMIT_MS,
      maxBuffer: 2 ** 26,
    }).catch(() => undefined);
    return findingsSchema.parse(JSON.parse(await readFile(report, "utf8")));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The findings that are worse than "LOW", and what could not be looked at. */
export function serious(findings: readonly TlsFinding[]): TlsFinding[] {
  const fine = ["DEBUG", "INFO", "OK", "LOW"];
  return findings.filter((finding) => !fine.includes(finding.severity) && !isItsOwn(finding));
}

/** Its OpenSSL lacks GOST, and its client may leave before the server could send a ticket of TLS 1.3. */
function isItsOwn({ id, finding }: TlsFinding): boolean {
  return id === "engine_problem" || (id === "sessionresumption_ticket" && finding.startsWith("check failed"));
}
