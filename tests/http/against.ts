import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packFixture, writeFixtureDisk } from "../unikernel/fixtures.ts";
import { fileCases } from "./cases-files.ts";
import { checkHttp2, http2Cases } from "./cases-http2.ts";
import { requestCases } from "./cases-requests.ts";
import { ruleCases } from "./cases-rules.ts";
import { checks } from "./checks.ts";
import { checkDownloads } from "./downloads.ts";
import { speaksHttp2 } from "./frames.ts";
import { check, type Target } from "./run.ts";
import { cacheControl, files, modified, rules } from "./site.ts";
import { checkSlow } from "./slow.ts";

/**
 * The suite against a server that runs already, whatever it is: a unikernel, a QEMU guest, a live address.
 *
 *     node tests/http/against.ts pack DIRECTORY [BOOT-PARTITION] [--huge=MB]
 *     node tests/http/against.ts ask DIRECTORY https://HOST[:PORT] http://HOST[:PORT] [--download=PATH]
 *
 * `pack` writes the suite's site as site.tar and identity.tar (with a boot partition also disk, which boots),
 * and what to trust as ca.pem; `ask` puts the cases to a server of that site and tells the differences.
 * Fifty clients at once download the file at PATH: the site has one of so many megabytes at /huge.bin.
 */
const name = "example.org";
const atOnce = 8;
const usage = `against.ts pack DIRECTORY [BOOT-PARTITION] [--huge=MB]
against.ts ask DIRECTORY https://HOST http://HOST [--download=PATH]`;

async function pack(directory: string, boot: string | undefined, huge: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const names = [name, `www.${name}`];
  const more = huge > 0 ? { "huge.bin": Buffer.alloc(huge * 1_000_000, "0123456789abcdefghijk") } : {};
  const site = { files: { ...files, ...rules, ...more }, cacheControl, modified, names, hsts: "max-age=1" };
  const fixture = await packFixture({ directory, ...site });
  await writeFile(join(directory, "ca.pem"), fixture.certificate);
  if (boot !== undefined) await writeFixtureDisk(fixture, await readFile(boot), join(directory, "disk"));
}

async function ask(target: Target, download: string | undefined): Promise<number> {
  const cases = [...fileCases, ...requestCases, ...ruleCases];
  let different = 0;
  const queue = cases.values();
  const worker = async () => {
    for (const one of queue) {
      const problems = await check(target, one).catch((error: Error) => [error.message]);
      if (problems.length > 0) different++;
      for (const problem of problems) console.log(`${one.name}: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  console.log(`${cases.length - different} of ${cases.length} cases pass`);
  const slow = { name: "slow clients are ended in time", check: () => checkSlow(target, true) };
  const others = [...checks, slow];
  if (download !== undefined)
    others.push({ name: `fifty downloads of ${download}`, check: () => checkDownloads(target, download) });
  for (const one of others) {
    const problems = await one.check(target).catch((error: Error) => [error.message]);
    different += problems.length;
    console.log(`${one.name}: ${problems.length === 0 ? "yes" : problems.join("; ")}`);
  }
  return different + (await askHttp2(target));
}

/** One after the other: each but a few is an attack. */
async function askHttp2(target: Target): Promise<number> {
  if (!(await speaksHttp2(target))) {
    console.log(`${http2Cases.length} cases of HTTP/2 skipped: this server does not choose it`);
    return 0;
  }
  let different = 0;
  for (const one of http2Cases) {
    const problems = await checkHttp2(target, one);
    if (problems.length > 0) different++;
    for (const problem of problems) console.log(`HTTP/2, ${one.name}: ${problem}`);
  }
  console.log(`${http2Cases.length - different} of ${http2Cases.length} cases of HTTP/2 pass`);
  return different;
}

const options = { huge: { type: "string" }, download: { type: "string" } } as const;
const { positionals, values } = parseArgs({ allowPositionals: true, options });
const [command, directory = "", first, second] = positionals;
const huge = Number(values.huge ?? 0);
if (command === "pack" && directory !== "" && huge >= 0) await pack(directory, first, huge);
else if (command === "ask" && first !== undefined && second !== undefined) {
  const [https, http] = [new URL(first), new URL(second)];
  const ports = { https: Number(https.port || 443), http: Number(http.port || 80) };
  const trust = await readFile(join(directory, "ca.pem"), "utf8");
  if ((await ask({ host: https.hostname, ...ports, trust, name }, values.download)) > 0) process.exitCode = 1;
} else {
  console.error(usage);
  process.exitCode = 2;
}
