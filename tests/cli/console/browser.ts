import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

// What runs in the page is written as text: the tests are checked as programs of Node.js, which knows no document.

/** Far more than anything here takes, but on a machine that has other things to do. */
const LIMIT_MS = 90_000;

/** Debian's Chromium without a window; names that end in ".test" lead to loopback in it. */
export function startBrowser(): Promise<Browser> {
  return puppeteer.launch({
    executablePath: "/usr/bin/chromium",
    // Its sandbox refuses to run as root, as containers of tests do; it opens nothing but our own pages.
    timeout: LIMIT_MS,
    args: ["--no-sandbox", "--host-resolver-rules=MAP *.test 127.0.0.1"],
  });
}

/** A page that remembers what went wrong in it. */
export interface Watched {
  readonly page: Page;
  /** Errors of scripts, and whatever the browser refused or did not find. */
  readonly faults: string[];
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

/** Opens an empty page of a size and colours of its own. */
export async function openPage(browser: Pick<Browser, "newPage">, look: Look = {}): Promise<Watched> {
  const { width = 1360, height = 900, dark = false } = look;
  const page = await browser.newPage();
  page.setDefaultTimeout(LIMIT_MS);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) faults.push(message.text());
  });
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
  return { page, faults };
}

export function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, ({ textContent }) => textContent ?? "");
}

/** Waits until the first that the selector finds has such a text. */
export async function untilText(page: Page, selector: string, text: RegExp): Promise<void> {
  await page.waitForFunction(
    `${text}.test(document.querySelector(${JSON.stringify(selector)})?.textContent ?? "")`,
  );
}

/** The name of what has the focus, and whether that can be seen. */
export async function focused(page: Page): Promise<{ name: string; seen: boolean }> {
  const told = `(() => {
    const one = document.activeElement;
    return { name: one.getAttribute("aria-label") ?? one.textContent, seen: getComputedStyle(one).outlineStyle !== "none" };
  })()`;
  return (await page.evaluate(told)) as { name: string; seen: boolean };
}

/** From now on writes down where in the picture the deployment is; returns what reads that. */
export async function recordMoves(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(`
    window.moves = [];
    new MutationObserver(() => {
      const now = document.querySelector(".part.current")?.getAttribute("data-part");
      if (now != null && moves.at(-1) !== now) moves.push(now);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });`);
  return async () => (await page.evaluate("window.moves")) as string[];
}

/** What axe finds in all that is shown, against WCAG 2.2 AA and good practice; one line each. */
export async function complaints(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = (await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(tags)} })`)) as AxeResults;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}
