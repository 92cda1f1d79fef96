import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "puppeteer-core";
import { complaints, focused, openPage, recordMoves, startBrowser, textOf, untilText } from "./browser.ts";
import { type Served, serveConsole } from "./served.ts";

/** The console page in a browser. */
describe("the console page", { timeout: 400_000 }, () => {
  let served: Served;
  let browser: Browser;

  before(async () => {
    browser = await startBrowser();
    served = await serveConsole();
  });
  after(async () => {
    await browser?.close();
    await served?.stop();
  });

  const open = async (page: Page) => {
    await page.goto(served.console.url);
    for (const selector of ["svg .part", "table.releases", "table.timings", ".life", ".machines", ".costs"])
      await page.waitForSelector(selector);
  };
  const press = async (page: Page, button: string) => {
    await page.click(`.actions > button ::-p-text(${button})`);
    await page.waitForSelector("dialog[open]");
  };

  it("shows the site without the token in its address, and without a fault", async () => {
    const { page, faults } = await openPage(browser);
    await open(page);
    assert.equal(page.url(), served.console.url.replace(/\?.*$/, ""));
    assert.match(await textOf(page, ".status"), /Release 1 is live since/);
    assert.match(
      await textOf(page, "table.releases tbody"),
      /^1live.*new content\+1 added.*1 file, 12 bytes/,
    );
    await untilText(page, ".machine h2", /^Deployment of release 1$/);
    assert.deepEqual(faults, []);
    await page.close();
  });

  it("sends less than 150 KiB, all from its own address", async () => {
    const { page } = await openPage(browser);
    const session = await page.createCDPSession();
    await session.send("Network.enable");
    let bytes = 0;
    const origins = new Set<string>();
    session.on("Network.dataReceived", ({ dataLength }) => {
      bytes += dataLength;
    });
    session.on("Network.requestWillBeSent", ({ request }) => void origins.add(new URL(request.url).origin));
    await open(page);
    assert.ok(bytes > 10_000 && bytes < 150 * 1024, `${bytes} bytes`);
    assert.deepEqual([...origins], [new URL(served.console.url).origin]);
    await page.close();
  });

  for (const [name, look] of [
    ["light", {}],
    ["dark", { dark: true }],
    ["on a phone, light", { width: 360, height: 740 }],
    ["on a phone, dark", { width: 360, height: 740, dark: true }],
  ] as const) {
    it(`can be read and used by everybody: ${name}`, async () => {
      const { page, faults } = await openPage(browser, look);
      await open(page);
      await page.click("button.row");
      await page.waitForSelector(".more");
      assert.deepEqual(await complaints(page), []);
      await press(page, "Redeploy");
      assert.deepEqual(await complaints(page), []);
      const widths = (await page.evaluate("[document.body.scrollWidth, innerWidth]")) as [number, number];
      assert.ok(widths[0] <= widths[1], `${widths[0]} pixels wide on a screen of ${widths[1]}`);
      assert.deepEqual(faults, []);
      await page.close();
    });
  }

  it("can be used with the keyboard alone, from top to bottom", async () => {
    const { page } = await openPage(browser);
    await open(page);
    const order = [];
    for (let i = 0; i < 5; i += 1) {
      await page.keyboard.press("Tab");
      order.push(await focused(page));
    }
    const names = [
      served.stack.address,
      "Redeploy …",
      "Picture of the state machine",
      "List of releases",
      "1",
    ];
    assert.deepEqual(
      order,
      names.map((name) => ({ name, seen: true })),
    );
    await page.keyboard.press("Enter");
    await untilText(page, ".more", /1 file added.*index\.html/);
    await page.close();
  });

  it("shows a deployment that moves through the picture, without loading again", async () => {
    const { page, faults } = await openPage(browser);
    await open(page);
    const moves = await recordMoves(page);
    await served.upload("two");
    await untilText(page, "table.releases tbody", /^2live/);
    const seen = await moves();
    assert.ok(seen.includes("settle"), seen.join(", "));
    await untilText(page, ".machine h2", /^Deployment of release 2$/);
    await page.waitForSelector('[data-part="release-turn"].done');
    for (const part of ["settle", "plan", "pack-site", "probe", "commit"])
      await page.waitForSelector(`[data-part="${part}"].done`);
    for (const part of ["undo", "plan-rollback", "discard-machine"])
      assert.ok(await page.$(`[data-part="${part}"].idle`), part);
    assert.deepEqual(faults, []);
    await page.close();
  });

  it("rolls back when that is confirmed, and not before", async () => {
    const { stack } = served;
    const { page, faults } = await openPage(browser);
    await open(page);
    await press(page, "Roll back");
    assert.match(await textOf(page, "dialog[open]"), /Go back to.*release 1/);
    assert.deepEqual(await complaints(page), []);
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog[open]", { hidden: true });
    assert.deepEqual(await stack.keys(stack.state, "requests/"), []);
    await press(page, "Roll back");
    const ended = await stack.settleAfter(async () => {
      await page.click("dialog[open] button.primary");
      await untilText(page, ".actions p", /^Going back to release 1\.$/);
    });
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["live"],
    );
    assert.equal((await stack.live())?.release, 1);
    await untilText(page, ".notice", /^Held by a rollback/);
    assert.deepEqual(faults, []);
    await page.close();
  });

  it("redeploys what is live on a fresh machine", async () => {
    const { stack } = served;
    const { page } = await openPage(browser);
    await open(page);
    const before = (await stack.live())?.instanceId;
    await press(page, "Redeploy");
    const ended = await stack.settleAfter(() => page.click("dialog[open] button.primary"));
    assert.equal(ended.at(-1)?.outcome, "live", JSON.stringify(ended));
    assert.notEqual((await stack.live())?.instanceId, before);
    await page.close();
  });

  it("shows a deployment that failed: where, and why", async () => {
    const { stack } = served;
    const { page } = await openPage(browser);
    await open(page);
    await stack.settleAfter(() => stack.put(stack.content, "a\\b.html", "no name for a page"));
    await page.waitForSelector('[data-part="plan"].failed');
    await page.waitForSelector('[data-part="undo"].failed');
    assert.match(await textOf(page, ".machine .cause"), /UnsafeKey .*b\.html/);
    assert.deepEqual(await complaints(page), []);
    await page.close();
  });

  it("says when the console is gone", async () => {
    const { page } = await openPage(browser);
    await open(page);
    await served.console.stop();
    await untilText(page, ".notice", /^The console does not answer/);
    assert.equal(await textOf(page, ".link"), "not connected");
    await page.close();
  });
});
