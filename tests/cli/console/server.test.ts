import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { root } from "../../kit/package.ts";
import { openPage, startBrowser } from "./browser.ts";
import { type Served, serveConsole } from "./served.ts";

/** Who the console answers, and to what. */
describe("the console's server", { timeout: 120_000 }, () => {
  let served: Served;
  let origin: string;

  before(async () => {
    served = await serveConsole();
    origin = new URL(served.console.url).origin;
  });
  after(() => served?.stop());

  const enter = async () => {
    const welcome = await fetch(served.console.url, { redirect: "manual" });
    assert.deepEqual([welcome.status, welcome.headers.get("location")], [303, "/"]);
    return welcome.headers.get("set-cookie")?.split(";")[0] ?? "";
  };

  it("answers nobody without the token or the cookie for it", async () => {
    for (const path of ["/", "/page.js", "/events", "/runs/1", "/?token=guess"]) {
      const { status, headers } = await fetch(origin + path);
      assert.ok(status === 401 || status === 403, `${path}: ${status}`);
      assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'self';/);
      assert.equal(headers.get("cache-control"), "no-store");
    }
  });

  it("serves its few files and nothing else", async () => {
    const headers = { cookie: await enter() };
    for (const [path, type] of [
      ["/", "text/html"],
      ["/page.js", "text/javascript"],
      ["/page.css", "text/css"],
      ["/icon.svg", "image/svg+xml"],
      ["/runs/1", "application/json"],
    ] as const) {
      const answer = await fetch(origin + path, { headers });
      assert.equal(answer.status, 200, path);
      assert.ok(answer.headers.get("content-type")?.startsWith(type), path);
    }
    for (const path of ["/page.tsx", "/..%2fserver.ts", "/runs/99", "/runs/x", "/rollback"])
      assert.equal((await fetch(origin + path, { headers })).status, 404, path);
  });

  it("takes no other requests than the page's, and says why", async () => {
    const headers = { cookie: await enter(), origin };
    const ask = async (body: string, path = "/rollback") => {
      const answer = await fetch(origin + path, { method: "POST", headers, body });
      return [answer.status, ((await answer.json()) as { message: string }).message];
    };
    assert.deepEqual(await ask('{"to":99}'), [409, "Release 99 does not exist. No other release is kept."]);
    assert.deepEqual(await ask('{"to":1}'), [202, "Nothing to do: what is live serves what release 1 did."]);
    const strange = [409, "The request is none that the page makes; load it again."];
    assert.deepEqual(await ask('{"to":"1"}'), strange);
    assert.deepEqual(await ask('{"kind":"rollback"}', "/redeploy"), strange);
    assert.deepEqual(await ask(`{"to":1,"more":"${"x".repeat(2_000)}"}`), [409, "The request is too long."]);
    assert.equal((await ask("{}", "/events"))[0], 404);
  });

  it("refuses what other pages of the same browser ask for", async (t) => {
    const browser = await startBrowser();
    const other = createServer((_, response) => response.end("<title>other</title>"));
    t.after(async () => {
      other.close();
      await browser.close();
    });
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    const { port } = other.address() as AddressInfo;
    const { page } = await openPage(browser);
    await page.goto(served.console.url);
    // The first is another port of the same host, which the cookie is sent to as well.
    for (const host of [`127.0.0.1:${port}`, `evil.test:${port}`]) {
      await page.goto(`http://${host}/`);
      const tried = `Promise.all([
        ...["cors", "no-cors"].map((mode) =>
          fetch("${origin}/redeploy", { method: "POST", mode, credentials: "include", body: '{"kind":"replace"}' }).then(
            () => "answered",
            () => "refused",
          ),
        ),
        new Promise((done) => {
          const source = new EventSource("${origin}/events", { withCredentials: true });
          source.onopen = () => done("answered");
          source.onerror = () => done("refused");
        }),
      ])`;
      assert.deepEqual(await page.evaluate(tried), ["refused", "refused", "refused"], host);
    }
    const rebound = await page.goto(served.console.url.replace("127.0.0.1", "rebound.test"));
    assert.equal(rebound?.status(), 421);
    const { stack } = served;
    assert.deepEqual(await stack.keys(stack.state, "requests/"), []);
    assert.equal((await stack.releases()).length, 1);
  });

  it("mirage-pages console prints the address and ends when it is told to", async () => {
    const args = ["console", "--local", "--data", served.stack.dataDir];
    const child = spawn(join(root, "cli/mirage-pages.mjs"), args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((done) => child.on("exit", done));
    const lines = createInterface(child.stdout);
    const url = await new Promise<string>((done) => lines.once("line", done));
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/);
    assert.equal((await fetch(url, { redirect: "manual" })).status, 303);
    child.kill("SIGTERM");
    assert.equal(await ended, 0);
  });

  it("tells when the site cannot be read any more", async () => {
    const answer = await fetch(`${origin}/events`, { headers: { cookie: await enter() } });
    let told = "";
    for await (const piece of answer.body ?? []) {
      const known = told;
      told += Buffer.from(piece).toString();
      // The costs come last: it has read everything once.
      if (/^event: costs$/m.test(told) && !/^event: costs$/m.test(known)) await served.stack.cloud.stop();
      if (/^data: "/m.test(told)) break;
    }
    assert.match(told, /^event: trouble\ndata: "[^"]*ECONN/m);
  });
});
