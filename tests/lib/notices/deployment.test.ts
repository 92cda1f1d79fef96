import assert from "node:assert/strict";
import { test } from "node:test";
import { deploymentNotice, type Ended } from "../../../lib/notices/deployment.ts";
import { nextSteps } from "../../../lib/notices/next-steps.ts";
import { chatOf, subjectOf, textOf } from "../../../lib/notices/notice.ts";
import type { Release } from "../../../lib/releases/records.ts";
import { archive, certificate, live, release } from "../releases/records.fixtures.ts";

const execution =
  "arn:aws:states:eu-central-1:000000000000:execution:mirage-pages-prod-deploy:content-0123456789abcdef";
const none = { files: 0, bytes: 0, first: [] };
const changes = {
  since: 7,
  added: { files: 7, bytes: 12_345, first: ["a.html", "b.html", "c.html", "d.html", "e.html", "f.html"] },
  changed: { files: 1, bytes: 999, first: ["index.html"] },
  removed: none,
};
const made: Partial<Release> = {
  ...{ archive: archive(), certificate, changes, endedAt: "2026-01-01T00:01:05.000Z" },
};

function told(opened: Release | undefined, more: Partial<Ended> = {}) {
  const ended: Ended = {
    ...{ site: "example.org", execution, outcome: "live", message: "Release 8 is live." },
    ...{ opened, live: live({ release: 8 }) },
    ...more,
  };
  const notice = deploymentNotice(ended);
  return { notice, subject: subjectOf(notice), text: textOf(notice), chat: chatOf(notice) };
}

test("a deployment: its subject says it all, its text has site, release, time, changes and links", () => {
  const { subject, text } = told(release(8, made));
  assert.equal(subject, "example.org: release 8 is live (7 added, 1 changed)");
  assert.equal(
    text,
    `Release 8 is live.

Site: https://example.org/
Release: 8 (1 file, 5 bytes)
Took: 1 min 5 s
Added: 7 files, 12.3 KB: "a.html", "b.html", "c.html", "d.html", "e.html", …
Changed: 1 file, 999 bytes: "index.html"
Removed: nothing
Certificate: self-signed, valid until 2036-01-01
Execution: ${execution}
Step by step: https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/${execution}
`,
  );
});

test("every kind of release has a subject of its own", () => {
  const subject = (change: Partial<Release>, number = 8) =>
    told(release(number, { ...made, ...change })).subject;
  const first = { changes: { added: none, changed: none, removed: none } };
  assert.deepEqual(
    [
      subject(first),
      subject({ reason: "certificate" }),
      subject({ reason: "rebuild" }),
      subject({ reason: "replace" }),
      subject({ reason: "rollback", to: 8, status: "restored" }, 9),
      subject({ reason: "rollback", to: 3 }),
    ],
    [
      "example.org: release 8 is live (1 file)",
      "example.org: new certificate until 2036-01-01 (release 8)",
      "example.org: release 8 is live, built anew",
      "example.org: a dead machine was replaced (release 8)",
      "example.org: rolled back to release 8",
      "example.org: rolled back to release 3, as release 8",
    ],
  );
});

test("a failure: its cause, what goes on, what to do, and the console's last lines", () => {
  const console = Array.from({ length: 30 }, (_, i) => `line ${i}`).join("\n");
  const message = "WrongAnswer: /about has other bytes.\n\nThe live site is as it was.";
  const { subject, text, chat } = told(release(9), { outcome: "failed", message, console });
  assert.equal(subject, "example.org: release 9 failed (WrongAnswer), release 8 goes on");
  assert.ok(text.startsWith(`${message}\n\nWhat to do: ${nextSteps.WrongAnswer}\n\nSite: `), text);
  assert.match(text, /\nLive: release 8\n/);
  assert.match(text, /\n\nThe console's last lines:\nline 18\n(line \d+\n)*line 29\n$/);
  assert.deepEqual(chat.content.nextSteps, [nextSteps.WrongAnswer]);
  assert.equal(chat.metadata.additionalContext.error, "WrongAnswer");
});

test("a failure before a release, before the first, of a rollback, and one that was not taken back", () => {
  const subject = (opened: Release | undefined, more: Partial<Ended>) =>
    told(opened, { outcome: "failed", message: "NoIndex: no", ...more }).subject;
  assert.deepEqual(
    [
      subject(undefined, {}),
      subject(undefined, { live: undefined }),
      subject(release(9, { reason: "rollback", to: 3 }), { message: "NotKept: gone" }),
      subject(release(9), { message: "The deployment failed and could not be taken back." }),
    ],
    [
      "example.org: deployment failed (NoIndex), release 8 goes on",
      "example.org: deployment failed (NoIndex), nothing is live yet",
      "example.org: rollback to release 3 failed (NotKept), release 8 goes on",
      "example.org: release 9 failed and was not taken back",
    ],
  );
});

test("the console is not shown twice, nor where it says nothing", () => {
  const message = "MachineUnreachable: 2 machines were tried. The console's last lines:\npanic: no disk";
  assert.equal(
    told(release(9), { outcome: "failed", message, console: "panic: no disk\n" }).notice.console,
    undefined,
  );
  assert.equal(
    told(release(9), { outcome: "failed", message: "X: y", console: "\n" }).notice.console,
    undefined,
  );
});

test("a subject is one that SNS takes, and keeps what has happened, whatever the site is called", () => {
  for (const site of ["ü".repeat(30), `${"a".repeat(60)}.${"b".repeat(60)}.example`, "192.0.2.1", "a\nb"]) {
    const message = `${"x".repeat(300)}: y`;
    for (const ended of [{}, { outcome: "failed", message }] as const) {
      const { subject } = told(release(8, made), { site, ...ended });
      assert.match(subject, /^[!-~][ -~]{0,98}$/);
      assert.match(subject, /: release 8 (is live \(7 added, 1 changed\)|failed \(x+)/);
    }
  }
});

test("what is too long is cut, in bytes, and says so", () => {
  const { text, chat } = told(release(9), {
    outcome: "failed",
    message: `BuildFailed: ${"ü".repeat(40_000)}`,
  });
  assert.ok(Buffer.byteLength(text) < 33_000, `${Buffer.byteLength(text)} bytes`);
  assert.match(text, /ü\n\[cut here; the execution has the rest\]\n$/);
  assert.equal(chat.content.description.length, 6_000);
  assert.ok(Buffer.byteLength(JSON.stringify([text, ...Array(4).fill(JSON.stringify(chat))])) < 256 * 1024);
});

test("the JSON form has only what a chat application's schema has, and texts in its context", () => {
  const { chat } = told(release(8, made));
  assert.deepEqual(Object.keys(chat), ["version", "source", "id", "content", "metadata"]);
  assert.deepEqual(chat.metadata.additionalContext, {
    ...{ site: "example.org", url: "https://example.org/", outcome: "live", live: "8", release: "8" },
    ...{ reason: "content", seconds: "65", files: "1", bytes: "5" },
    ...{ filesAdded: "7", filesChanged: "1", filesRemoved: "0" },
    ...{ bytesAdded: "12345", bytesChanged: "999", bytesRemoved: "0" },
    certificateUntil: certificate.notAfter,
    ...{ execution, link: chat.metadata.additionalContext.link },
  });
  assert.equal(chat.metadata.eventType, "deployed");
});
