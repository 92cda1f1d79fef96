import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { renewalId } from "../../lib/acme/renewal-info.ts";
import type { Certificate } from "../../lib/releases/records.ts";
import { type CertificateRun, CertifiedStack, trusted } from "../kit/certified.ts";
import { failure, settingOf } from "./by-hand.ts";

/** Certificates from Pebble by HTTP-01. The tests build on each other, in this order. */
describe("a certificate from an authority", { timeout: 900_000 }, () => {
  let certified: CertifiedStack;
  /** Every private key that there was at the end of a test, by the object that holds it. */
  const seen = new Map<string, string>();

  before(async () => {
    certified = await CertifiedStack.start("site.test www.site.test");
    const { stack } = certified;
    await stack.settleAfter(() => stack.put(stack.content, "index.html", "<h1>one</h1>"));
  });
  after(() => certified?.stop());

  it("is not ordered before the names lead to the site; what to change is said", async () => {
    const { stack, pebble, front } = certified;
    const [none] = await certified.run();
    assert.equal(none?.status, "SUCCEEDED", JSON.stringify(none));
    assert.match(
      none?.message ?? "",
      /site\.test has no A record; give it one with the site's address 127\./,
    );
    await pebble.point("site.test", stack.address);
    await pebble.point("www.site.test", "127.0.0.9");
    const [half] = await certified.run();
    const wanted = `www.site.test points at 127.0.0.9, the site's address is ${stack.address}: change its A record.`;
    assert.equal(half?.message, `no certificate is ordered yet: ${wanted}`);
    assert.deepEqual(front.posts(/./), []);
  });

  it("is ordered and served once the names lead to the site, without anybody doing anything", async () => {
    const { stack, pebble } = certified;
    assert.deepEqual((await certified.current()).selfSigned, true);
    await pebble.point("www.site.test", stack.address);
    const ended = await stack.settleAfter(() => certified.runsAfter(() => stack.invoke("reconcile", {})));
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["live"],
      JSON.stringify(ended),
    );
    const { subjectaltname, serialNumber } = await trusted(stack.address, "site.test", await pebble.root());
    assert.equal(subjectaltname, "DNS:site.test, DNS:www.site.test");
    assert.equal(serialNumber?.toLowerCase(), (await certified.current()).serial);
    await trusted(stack.address, "www.site.test", await pebble.root());
  });

  it("is left alone until the authority's window, which is asked for no more often than it wants", async () => {
    const { stack, front } = certified;
    const orders = front.posts(/order-plz/).length;
    const asked = () => front.calls.filter(({ path }) => path.startsWith("/renewal-info/")).length;
    const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    front.window = { start: inHours(240), end: inHours(264) };
    for (const _ of [1, 2]) {
      const [run] = await certified.run();
      const at = /^the certificate [0-9a-f]+ is renewed on (20.*)$/.exec(run?.message ?? "")?.[1] ?? "never";
      assert.ok(at >= front.window.start && at <= front.window.end, run?.message);
      assert.equal(JSON.parse((await stack.read("certificates/next.json")) ?? "").at, at);
    }
    assert.equal(asked(), 1);
    assert.equal(front.posts(/order-plz/).length, orders);
  });

  it("is renewed when the authority moves its window, once by two runs at a time, and says what it replaces", async () => {
    const { stack, front } = certified;
    const before = await certified.current();
    const chain = (await stack.read(`certificates/${before.serial}/chain.pem`)) ?? "";
    await openWindow();
    const orders = front.posts(/order-plz/).length;
    let runs: CertificateRun[] = [];
    await stack.settleAfter(async () => {
      runs = await certified.run(2);
    });
    assert.deepEqual(
      runs.map(({ status }) => status),
      ["SUCCEEDED", "SUCCEEDED"],
      JSON.stringify(runs),
    );
    assert.equal(
      runs.filter(({ message }) => message.endsWith("works on an order")).length,
      1,
      JSON.stringify(runs),
    );
    const [posted, ...more] = front.posts(/order-plz/).slice(orders);
    assert.deepEqual(more, []);
    assert.equal(posted?.payload?.replaces, renewalId(chain));
    const after = await certified.current();
    assert.notEqual(after.serial, before.serial);
    const keyOf = async ({ serial }: Certificate) => stack.read(`keys/${serial}.pem`);
    assert.notEqual(await keyOf(after), await keyOf(before), "a fresh key");
    const { serialNumber } = await trusted(stack.address, "site.test", await certified.pebble.root());
    assert.equal(serialNumber?.toLowerCase(), after.serial);
    const times = Object.fromEntries(
      (await stack.releases()).map(({ number, startedAt, endedAt }) => [
        number,
        (Date.parse(endedAt ?? "") - Date.parse(startedAt)) / 1000,
      ]),
    );
    console.log(`seconds a release: ${JSON.stringify(times)}`);
  });

  it("is put off as long as a limit lasts, whoever meets it; people read the authority's own words", async () => {
    const { front, stack } = certified;
    for (const limited of ["/order-plz", "/chalZ/", "/certZ/"]) {
      await openWindow();
      await stack.delete(stack.state, "certificates/attempts.json");
      front.refuse(limited, 429, "rateLimited", "too many certificates already issued for: site.test", 7200);
      const [run] = await certified.run();
      assert.equal(run?.error, "OrderFailed", JSON.stringify(run));
      assert.match(
        run?.cause ?? "",
        /^The authority refuses: too many certificates already issued for: site\.test\n/,
      );
      const { notBefore } = await attempts();
      assert.ok(Math.abs(Date.parse(notBefore) - Date.now() - 7_200_000) < 30_000, notBefore);
    }
    const note = (await notes()).at(-1)?.message ?? "";
    assert.match(note, /too many certificates already issued for: site\.test\nNothing needs to be done/);
    assert.match(note, /\n\nThe site is as it was\. The next attempt is made after 20/);
    const { length } = front.calls;
    const [again] = await certified.run();
    assert.match(again?.message ?? "", /, but no order is made before /);
    const asked = front.calls.slice(length).filter(({ path }) => !/^\/(dir|renewal-info)/.test(path));
    assert.deepEqual(asked, [], "nobody is asked meanwhile");
    const orders = front.posts(/order-plz/).length;
    front.fault = () => false;
    await stack.delete(stack.state, "certificates/attempts.json");
    await stack.settleAfter(() => certified.run());
    assert.equal(front.posts(/order-plz/).length, orders, "what was issued is fetched");
    await nothingLeft();
  });

  it("is not issued against a CAA record; what to do about it is said, and nothing is left", async () => {
    await openWindow();
    certified.front.refuse("/finalize-order", 403, "caa", "CAA record for site.test prevents issuance");
    const [run] = await certified.run();
    assert.match(
      run?.cause ?? "",
      /^The authority refuses: CAA record for site\.test prevents issuance\nA CAA record/,
    );
    await nothingLeft();
  });

  it("fails when a challenge does, leaves nothing behind, and works the next time", async () => {
    const { stack, front, pebble } = certified;
    await openWindow();
    await pebble.tellDns("add-aaaa", { host: "site.test.", addresses: ["2001:db8::1"] });
    front.fault = async ({ path }) => {
      if (!path.startsWith("/chalZ/")) return false;
      for (const key of await stack.keys(stack.state, "challenges/")) await stack.delete(stack.state, key);
      return false;
    };
    const before = await certified.current();
    const [run] = await certified.run();
    assert.equal(run?.error, "OrderFailed", JSON.stringify(run));
    assert.match(run?.cause ?? "", /^The authority did not accept the proof\.\n/);
    assert.match(run?.cause ?? "", /\nsite\.test also has the AAAA record 2001:db8::1, .*: remove it\./);
    await pebble.tellDns("clear-aaaa", { host: "site.test." });
    assert.match((await notes()).at(-1)?.message ?? "", /The next attempt is made after 20/);
    await nothingLeft();
    assert.equal((await attempts()).failures, 1);
    front.fault = () => false;
    await stack.delete(stack.state, "certificates/attempts.json");
    await stack.settleAfter(() => certified.run());
    assert.notEqual((await certified.current()).serial, before.serial);
    assert.equal((await attempts()).failures, 0);
  });

  it("is put off when the authority is down, which is told", async () => {
    const { stack, front } = certified;
    await openWindow();
    const execution = "arn:down";
    const { action } = (await stack.invoke("check-certificate", { execution })) as { action: string };
    assert.equal(action, "order");
    front.fault = (_, response) => {
      response.destroy();
      return true;
    };
    await assert.rejects(
      stack.invoke("order-certificate", { execution }),
      failure("TransientFault", /^The ACME server https:\/\/127\.\S+ does not answer: /),
    );
    // The state machine would try for minutes.
    const Cause = JSON.stringify({ errorMessage: "The ACME server does not answer: socket hang up" });
    await stack.invoke("put-off-certificate", { execution, failure: { Error: "TransientFault", Cause } });
    const note = (await notes()).at(-1)?.message ?? "";
    assert.match(note, /^TransientFault: The ACME server does not answer: socket hang up\n/);
    assert.match(note, /\n\nThe site is as it was\. The next attempt is made after 20/);
    assert.equal((await attempts()).failures, 1);
    await nothingLeft();
  });

  it("is ordered in the profile that is wanted, through a server that resets, has faults and is slow", async () => {
    const { stack, front } = certified;
    certified.set({ PROFILE: "shortlived" });
    await openWindow();
    const faults = ["reset", "500", "slow", "503"];
    front.fault = async ({ path }, response) => {
      if (!/order|chalZ|certZ/.test(path)) return false;
      const fault = faults.shift();
      if (fault === "reset") response.destroy();
      else if (fault === "slow") await pause(2_000);
      else if (fault !== undefined) {
        response.writeHead(Number(fault), { "content-type": "application/problem+json", "retry-after": "1" });
        response.end(JSON.stringify({ type: "urn:ietf:params:acme:error:serverInternal", detail: "oh" }));
      }
      return fault !== undefined && fault !== "slow";
    };
    const before = await certified.current();
    await stack.settleAfter(() => certified.run());
    assert.deepEqual(faults, []);
    assert.equal(front.posts(/order-plz/).at(-1)?.payload?.profile, "shortlived");
    certified.set({ PROFILE: "" });
    assert.notEqual((await certified.current()).serial, before.serial);
  });

  it("is gone on with, not ordered again, when a run dies before or after the authority has issued it", async () => {
    const { stack, front } = certified;
    for (const last of ["/finalize-order", "/certZ/"]) {
      await openWindow();
      const orders = front.posts(/order-plz/).length;
      front.fault = async ({ path }, response) => {
        if (!path.startsWith(last)) return false;
        await certified.stopRuns();
        response.destroy();
        return true;
      };
      const [died] = await certified.run();
      assert.equal(died?.status, "ABORTED", JSON.stringify(died));
      front.fault = () => false;
      const before = await certified.current();
      await stack.settleAfter(() => certified.run());
      assert.notEqual((await certified.current()).serial, before.serial);
      assert.equal(front.posts(/order-plz/).length, orders + 1, last);
      await nothingLeft();
    }
  });

  it("is renewed, deployed and shown by functions whose clocks are an hour off", async () => {
    const { stack, front, pebble } = certified;
    for (const hours of [1, -1]) {
      certified.skewClocks(hours * 3_600_000);
      await openWindow(4);
      await stack.delete(stack.state, "certificates/attempts.json");
      const before = await certified.current();
      const orders = front.posts(/order-plz/).length;
      const ended = await stack.settleAfter(() => certified.run());
      assert.deepEqual(
        ended.map(({ outcome }) => outcome),
        ["live"],
        JSON.stringify(ended),
      );
      const told = Date.parse((await stack.live())?.since ?? "") - Date.now();
      assert.ok(Math.abs(told - hours * 3_600_000) < 120_000, `a clock off by ${told} ms`);
      const after = await certified.current();
      assert.notEqual(after.serial, before.serial);
      assert.equal(front.posts(/order-plz/).length, orders + 1);
      const { serialNumber } = await trusted(stack.address, "site.test", await pebble.root());
      assert.equal(serialNumber?.toLowerCase(), after.serial);
      front.window = undefined;
      const [again] = await certified.run();
      assert.match(again?.message ?? "", /^the certificate [0-9a-f]+ is renewed on 20/);
    }
    certified.skewClocks(0);
  });

  it("is let go of by a run that has lost it", async () => {
    const presentedAt = new Date().toISOString();
    const steps = ["order-certificate", "present-challenge", "poll-challenge", "validate-challenge"];
    for (const name of [...steps, "finalize-order", "store-certificate"]) {
      const late = certified.stack.invoke(name, { execution: "arn:nobody", presentedAt });
      await assert.rejects(late, failure("OrderLost", /^The order is gone; this run stops\.$/), name);
    }
  });

  it("is ordered anew at once for an alias; one that leads elsewhere is named, and the site stays as it is", async () => {
    const { stack, pebble } = certified;
    await pebble.point("new.test", "127.0.0.9");
    certified.set({ SITE_NAMES: "site.test www.site.test new.test" });
    const [failed] = await certified.runsAfter(() => stack.invoke("reconcile", {}));
    assert.equal(failed?.error, "OrderFailed", JSON.stringify(failed));
    const wrong = `new.test points at 127.0.0.9, the site's address is ${stack.address}: change its A record.`;
    assert.ok(failed?.cause.includes(wrong), failed?.cause);
    assert.deepEqual((await certified.current()).names, ["site.test", "www.site.test"]);
    await nothingLeft();
    await pebble.point("new.test", stack.address);
    await stack.delete(stack.state, "certificates/attempts.json");
    await stack.settleAfter(() => certified.run());
    const { subjectaltname } = await trusted(stack.address, "new.test", await pebble.root());
    assert.match(subjectaltname ?? "", /DNS:new\.test/);
  });

  it("is answered for by a function that knows nothing else", async () => {
    const url = settingOf(certified.stack, "check-certificate", "CHALLENGE_URL");
    const ask = async (path: string, method = "GET") => {
      const answer = await fetch(new URL(path, url), { method });
      return [answer.status, await answer.text()];
    };
    await certified.stack.put(certified.stack.state, "challenges/to-ken_1", "to-ken_1.thumb");
    assert.deepEqual(await ask("/.well-known/acme-challenge/to-ken_1"), [200, "to-ken_1.thumb"]);
    for (const path of [
      "/",
      "/live.json",
      "/.well-known/acme-challenge/",
      "/.well-known/acme-challenge/none",
    ]) {
      assert.equal((await ask(path))[0], 404, path);
    }
    assert.equal((await ask("/.well-known/acme-challenge/..%2flive.json"))[0], 404);
    assert.equal((await ask("/.well-known/acme-challenge/to-ken_1", "POST"))[0], 405);
    await certified.stack.delete(certified.stack.state, "challenges/to-ken_1");
  });

  it("has keys that stand nowhere but in their objects and on the disks", async () => {
    const { stack } = certified;
    assert.ok(seen.size >= 8, [...seen.keys()].join(" "));
    const secrets = [...seen.values()].flatMap(secretsOf);
    const found: string[] = [];
    // Records, archives, chains, challenges and build output, whichever of them is an object.
    for (const key of await stack.keys(stack.state)) {
      if (!key.startsWith("keys/") && holds(Buffer.from((await stack.read(key)) ?? ""), secrets))
        found.push(key);
    }
    // Logs, inputs and outputs of executions, builds, messages, the functions' code: all but the objects themselves
    // and the disks.
    const places = (await readdir(stack.dataDir)).filter((name) => name !== "s3" && name !== "ec2");
    for (const name of ["codebuild", "lambda", "logs", "messaging", "notifications.jsonl", "states"]) {
      assert.ok(places.includes(name), `${name} is looked through`);
    }
    for (const file of await filesOf(stack.dataDir, places)) {
      if (holds(await readFile(file), secrets)) found.push(file);
    }
    for (const { name, environment } of stack.cloud.functions.all()) {
      if (holds(Buffer.from(JSON.stringify(environment)), secrets)) found.push(name);
    }
    assert.deepEqual(found, []);
    const disks = await filesOf(stack.dataDir, ["ec2"]);
    const onDisk = await Promise.all(disks.map(async (file) => diskHolds(file, secrets)));
    assert.ok(onDisk.includes(true), "the search finds what is there");
  });

  beforeEach(async () => {
    certified.front.fault = () => false;
    await certified.stack.delete(certified.stack.state, "certificates/attempts.json");
  });

  afterEach(async () => {
    const { stack } = certified;
    for (const key of await stack.keys(stack.state, "keys/")) {
      const pem = await stack.read(key);
      if (pem !== undefined) seen.set(key, pem);
    }
  });

  /** The authority would have the certificate renewed: it must be asked again, for its last answer may still hold. */
  async function openWindow(hours = 2): Promise<void> {
    const ago = (some: number) => new Date(Date.now() - some * 3_600_000).toISOString();
    certified.front.window = { start: ago(hours), end: ago(hours - 1) };
    await certified.stack.delete(certified.stack.state, "certificates/renewal.json");
  }

  async function attempts(): Promise<{ failures: number; notBefore: string }> {
    return JSON.parse((await certified.stack.read("certificates/attempts.json")) ?? "") as never;
  }

  async function notes(): Promise<{ message: string }[]> {
    const text = await readFile(join(certified.stack.dataDir, "notifications.jsonl"), "utf8");
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as never);
  }

  async function nothingLeft(): Promise<void> {
    const { stack } = certified;
    const left = [
      ...(await stack.keys(stack.state, "challenges/")),
      ...(await stack.keys(stack.state, "keys/orders/")),
      ...(await stack.keys(stack.state, "certificates/order.json")),
    ];
    assert.deepEqual(left, []);
  }
});

/** How a private key may be written: a part of its PEM in which no line ends, and its number itself. */
function secretsOf(pem: string): Buffer[] {
  const line = pem.split("\n")[1] ?? "";
  assert.ok(line.length > 40, "a line of a private key");
  const { d = "" } = createPrivateKey(pem).export({ format: "jwk" });
  const number = Buffer.from(d, "base64url");
  assert.equal(number.length, 32);
  // The first 36 characters of PKCS#8 are the same for all P-256 keys.
  const texts = [line.slice(-24), d, number.toString("base64"), number.toString("hex")];
  return [...texts.map((text) => Buffer.from(text)), number];
}

function holds(bytes: Buffer, secrets: readonly Buffer[]): boolean {
  return secrets.some((secret) => bytes.includes(secret));
}

async function filesOf(directory: string, names: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const name of names) {
    const path = join(directory, name);
    if ((await stat(path)).isFile()) files.push(path);
    else {
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      files.push(
        ...entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)),
      );
    }
  }
  return files;
}

/** Disks are mostly holes: the first megabytes hold the identity. */
async function diskHolds(file: string, secrets: readonly Buffer[]): Promise<boolean> {
  const disk = await open(file, "r");
  try {
    const { bytesRead, buffer } = await disk.read(Buffer.alloc(8 * 1024 * 1024), 0, 8 * 1024 * 1024, 0);
    return holds(buffer.subarray(0, bytesRead), secrets);
  } finally {
    await disk.close();
  }
}
