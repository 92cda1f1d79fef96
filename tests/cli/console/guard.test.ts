import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Guard } from "../../../cli/console/guard.ts";

describe("the console's guard", () => {
  const guard = new Guard(4711);
  const host = "127.0.0.1:4711";
  const entered = guard.judge({ method: "GET", url: `/?token=${guard.token}`, headers: { host } });
  assert.equal(entered.kind, "welcome");
  const cookie = entered.kind === "welcome" ? (entered.cookie.split(";")[0] ?? "") : "";

  const judge = (headers: Record<string, string>, method = "GET", url = "/") => {
    const verdict = guard.judge({ method, url, headers: { host, cookie, ...headers } });
    return verdict.kind === "refused" ? verdict.status : verdict.kind;
  };

  it("gives who brings the token a cookie that scripts and other sites do not get", () => {
    assert.match(
      entered.kind === "welcome" ? entered.cookie : "",
      /^mirage-pages-4711=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    assert.ok(!cookie.includes(guard.token), "the token itself is in no cookie");
    assert.equal(judge({}), "pass");
  });

  it("refuses who has neither token nor cookie, or a wrong one", () => {
    assert.equal(judge({ cookie: "" }), 401);
    assert.equal(judge({ cookie: "mirage-pages-4711=guess" }), 401);
    assert.equal(judge({ cookie: cookie.replace("4711", "4712") }), 401);
    assert.equal(judge({ cookie: "" }, "GET", "/?token=guess"), 403);
    assert.equal(judge({ cookie: "" }, "GET", "/?token="), 403);
    assert.equal(judge({ cookie: "" }, "POST", `/rollback?token=${guard.token}`), 403);
  });

  it("answers under its own address only: a name that was made to lead here is refused", () => {
    assert.equal(judge({ host: "evil.example:4711" }), 421);
    assert.equal(judge({ host: "127.0.0.1:4712" }), 421);
    assert.equal(judge({ host: "" }), 421);
    assert.equal(judge({ host: "localhost:4711" }), "pass");
  });

  it("refuses changes that another page asks for, or nobody in particular", () => {
    const own = { origin: `http://${host}`, "sec-fetch-site": "same-origin" };
    assert.equal(judge(own, "POST", "/rollback"), "pass");
    assert.equal(judge({}, "POST", "/rollback"), 403);
    assert.equal(judge({ origin: "null" }, "POST", "/rollback"), 403);
    assert.equal(judge({ origin: "https://evil.example" }, "POST", "/rollback"), 403);
    assert.equal(judge({ origin: "http://127.0.0.1:8080" }, "POST", "/rollback"), 403);
    assert.equal(judge({ ...own, "sec-fetch-site": "same-site" }, "POST", "/rollback"), 403);
  });

  it("lets other pages link to it, and load nothing of it", () => {
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    assert.equal(judge(link), "pass");
    assert.equal(judge(link, "POST"), 403);
    assert.equal(judge({ ...link, "sec-fetch-mode": "no-cors" }, "GET", "/page.js"), 403);
    assert.equal(
      judge({ ...link, "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" }, "GET", "/events"),
      403,
    );
  });
});
