import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packFixture, writeFixtureDisk } from "../unikernel/fixtures.ts";
import { fileCases } from "./cases-files.ts";
import { checkHttp2, http2Cases } from "./cases-http2.ts";
import { requestCases } from "./cases-requests.ts";
import { ruleCases } from "./cases-rules.ts";
import { speaksHttp2 } from "./frames.ts";
import { checkResets } from "./resets.ts";
import { check, type Target } from "./run.ts";
import { cacheControl, files, modified, rules } from "./site.ts";

/**
 * The suite against a server that runs already, whatever it is: a unikernel, a QEMU guest, a live address.
 *
 *     node tests/http/against.ts pack DIRECTORY [BOOT-PARTITION]
 *     node tests/http/against.ts ask DIRECTORY https://HOST[:PORT] http://HOST[:PORT]
 *
 * `pack` writes the suite's site as site.tar and identity.tar (with a boot partition also disk, which boots),
 * and what to trust as ca.pem; `ask` puts the cases to a server of that site and tells the differences.
 */
const name = "example.org";
const atOnce = 8;

async function pack(directory: string, boot: string | undefined): Promise<void> {
  await mkdir(directory, { recursive: true });
  const names = [name, `www.${name}`];
  const site = { files: { ...files, ...rules }, cacheControl, modified, names, hsts: "max-age=1" };
  const fixture = await packFixture({ directory, ...site });
  await writeFile(join(directory, "ca.pem"), fixture.certificate);
  if (boot !== undefined) await writeFixtureDisk(fixture, await readFile(boot), join(directory, "disk"));
}

async function ask(target: Target): Promise<number> {
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
  const resets = await checkResets(target);
  console.log(resets.length === 0 ? "resets end nothing else" : resets.join("\n"));
  return different + resets.length + (await askHttp2(target));
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

const [command, directory = "", first, second] = process.argv.slice(2);
if (command === "pack" && directory !== "") await pack(directory, first);
else if (command === "ask" && first !== undefined && second !== undefined) {
  const [https, http] = [new URL(first), new URL(second)];
  const ports = { https: Number(https.port || 443), http: Number(http.port || 80) };
  const trust = await readFile(join(directory, "ca.pem"), "utf8");
  if ((await ask({ host: https.hostname, ...ports, trust, name })) > 0) process.exitCode = 1;
} else {
  console.error("against.ts pack DIRECTORY [BOOT-PARTITION] | ask DIRECTORY https://HOST http://HOST");
  process.exitCode = 2;
}
