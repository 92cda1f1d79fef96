import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { installDebianPackages } from "../cli/start/machine.ts";
import { openPage, startBrowser } from "../tests/cli/console/browser.ts";
import { installInto, PATH } from "../tests/kit/installed.ts";
import { root } from "../tests/kit/package.ts";
import { TestStack } from "../tests/kit/stack.ts";
import { median, table } from "./table.ts";

/**
 * `npm run bench:commands`: what a person waits for at the command line and before the console page, against the local
 * cloud, which has its share of the cores. Each command is a process of its own, of the installed package.
 */
const FILES = 5_000;
const TIMES = 9;
const VISITS = 5;

installDebianPackages(root, "build/packages.txt", "tests/packages.txt");
const folder = await mkdtemp(join(tmpdir(), "mp-commands-"));
const program = await installInto(folder);
const stack = await TestStack.start({ recorded: false });
const local = ["--local", "--data", stack.dataDir];
try {
  const site = join(folder, "site");
  await writeSite(site, 1);
  await stack.settleAfter(() => run(program, "deploy", site));
  const load = loadavg()[0] ?? 0;
  const status = await seconds(TIMES, () => run(program, "status"));
  const checkout = await seconds(TIMES, () => run(join(root, "cli/mirage-pages.mjs"), "status"));
  await writeSite(site, FILES);
  // Its events are worked off for a while after the site is live.
  await stack.settleAfter(() => run(program, "deploy", site), 600_000);
  let uploaded = 0;
  const unchanged = await seconds(3, async () => {
    uploaded = (JSON.parse(await run(program, "deploy", site, "--json")) as { uploaded: number }).uploaded;
  });
  const view = await firstView();
  console.log(`Load ${load.toFixed(1)} on this machine before it began.\n`);
  console.log(
    table([
      { what: `\`status\`, cold (median of ${TIMES})`, ours: status * 1000, unit: "ms", aim: 400 },
      { what: "… from a checkout", ours: checkout * 1000, unit: "ms", aim: 400 },
      { what: `\`deploy\` of ${FILES} unchanged files (median of 3)`, ours: unchanged, unit: "s", aim: 3 },
      { what: "… files uploaded", ours: uploaded, unit: "", aim: 0 },
      { what: `Console page: first view (median of ${VISITS})`, ours: view.seconds, unit: "s", aim: 1 },
      { what: "… sent", ours: view.bytes / 1024, unit: "KiB", aim: 150 },
    ]),
  );
} finally {
  await stack.stop();
  await rm(folder, { recursive: true });
}

async function writeSite(site: string, files: number): Promise<void> {
  await mkdir(site, { recursive: true });
  await writeFile(join(site, "index.html"), "<h1>Many pages</h1>");
  for (let i = 1; i < files; i += 1) await writeFile(join(site, `page-${i}.html`), `<h1>Page ${i}</h1>`);
}

async function run(file: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(file, [...args, ...local], { env: { ...process.env, PATH } })).stdout;
}

async function seconds(times: number, act: () => Promise<unknown>): Promise<number> {
  const spent: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const begin = performance.now();
    await act();
    spent.push((performance.now() - begin) / 1000);
  }
  return median(spent);
}

/** From the address to the state of the site, the picture and the releases on the screen, in a browser that runs. */
async function firstView(): Promise<{ seconds: number; bytes: number }> {
  const console = spawn(program, ["console", "--json", ...local], {
    env: { ...process.env, PATH },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const browser = await startBrowser();
  try {
    const url = await addressOf(console);
    let bytes = 0;
    const visit = async () => {
      const context = await browser.createBrowserContext();
      const { page } = await openPage(context);
      const session = await page.createCDPSession();
      await session.send("Network.enable");
      bytes = 0;
      session.on("Network.dataReceived", ({ dataLength }) => {
        bytes += dataLength;
      });
      const begin = performance.now();
      await page.goto(url, { waitUntil: "domcontentloaded" });
      for (const selector of [".status", "svg .part", "table.releases"]) await page.waitForSelector(selector);
      const spent = (performance.now() - begin) / 1000;
      await context.close();
      return spent;
    };
    const spent: number[] = [];
    for (let i = 0; i < VISITS; i += 1) spent.push(await visit());
    return { seconds: median(spent), bytes };
  } finally {
    await browser.close();
    console.kill("SIGTERM");
  }
}

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error("The console's output is not read.");
  const line = await new Promise<string>((done) => createInterface(stdout).once("line", done));
  return (JSON.parse(line) as { url: string }).url;
}
