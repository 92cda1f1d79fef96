import assert from "node:assert/strict";
import { test } from "node:test";
import { afterFailure, afterIssue, mayOrderFrom, NO_ATTEMPTS } from "../../../lib/certificates/attempts.ts";
import { decide, hoursLeft, renewAt, type Standing } from "../../../lib/certificates/due.ts";
import { lookDue } from "../../../lib/certificates/next.ts";
import type { Certificate } from "../../../lib/releases/records.ts";
import { digest } from "../releases/records.fixtures.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const start = Date.parse("2026-11-01T00:00:00Z");
const at = (ms: number) => new Date(ms).toISOString();

const names = ["example.org", "www.example.org"];
function certificate(change: Partial<Certificate> = {}): Certificate {
  return {
    serial: "80000000",
    fingerprint: digest("c"),
    notBefore: at(start),
    notAfter: at(start + 90 * DAY),
    names,
    selfSigned: false,
    ...change,
  };
}

function standing(change: Partial<Standing> = {}): Standing {
  return {
    now: start + DAY,
    names,
    authority: true,
    current: certificate(),
    served: digest("c"),
    window: undefined,
    attempts: NO_ATTEMPTS,
    ...change,
  };
}

const action = (change: Partial<Standing>) => decide(standing(change)).action;

test("a certificate is renewed after two thirds of its life, whatever its length", () => {
  for (const days of [7, 45, 64, 90, 365]) {
    const current = certificate({ notAfter: at(start + days * DAY) });
    const due = start + (days * 2 * DAY) / 3;
    assert.equal(action({ current, now: due - 1 }), "nothing");
    assert.equal(action({ current, now: due }), "order", `${days} days`);
  }
});

test("the authority's window counts before two thirds, one moment of it for each certificate", () => {
  const window = { start: at(start + 10 * DAY), end: at(start + 20 * DAY) };
  assert.equal(renewAt(certificate(), window), start + 15 * DAY);
  assert.equal(renewAt(certificate({ serial: "00000000" }), window), start + 10 * DAY);
  assert.equal(action({ window, now: start + 15 * DAY - 1 }), "nothing");
  assert.equal(action({ window, now: start + 15 * DAY }), "order");
  const moved = { start: at(start - 2 * DAY), end: at(start - DAY) };
  assert.equal(action({ window: moved, now: start + 1 }), "order", "a window in the past means now");
});

test("a window that is too late, or turned round, does not let a certificate run out", () => {
  const late = { start: at(start + 200 * DAY), end: at(start + 300 * DAY) };
  assert.equal(renewAt(certificate(), late), start + 88 * DAY);
  assert.equal(renewAt(certificate({ notAfter: at(start + DAY) }), late), start + 16 * HOUR);
  const turned = { start: at(start + 20 * DAY), end: at(start + 10 * DAY) };
  assert.equal(renewAt(certificate(), turned), start + 20 * DAY);
});

test("other names mean a new order at once, in whatever order they stand", () => {
  assert.equal(action({ names: [...names, "new.example.org"] }), "order");
  assert.equal(action({ names: ["example.org"] }), "order");
  assert.equal(action({ names: names.toReversed() }), "nothing");
});

test("without an authority the certificate signs itself, and is renewed as well", () => {
  const own = certificate({ selfSigned: true, names: ["203.0.113.9"] });
  const alone = { authority: false, names: ["203.0.113.9"], current: own };
  assert.equal(action(alone), "nothing");
  assert.equal(action({ ...alone, now: start + 60 * DAY }), "self-sign");
  assert.equal(action({ ...alone, names: ["203.0.113.10"] }), "self-sign");
  assert.equal(action({ ...alone, current: undefined }), "nothing", "the first release makes it");
  assert.equal(action({ authority: false, names: ["203.0.113.9"] }), "self-sign", "the domain was given up");
});

test("a self-signed certificate bridges the time until orders are allowed again", () => {
  const attempts = afterFailure(NO_ATTEMPTS, names, start + DAY);
  const own = certificate({ selfSigned: true });
  assert.equal(action({ current: own }), "order");
  assert.equal(action({ current: own, attempts }), "nothing");
  assert.equal(action({ current: certificate({ selfSigned: true, names: ["x"] }), attempts }), "self-sign");
  assert.equal(
    action({ current: certificate({ names: ["x"] }), attempts }),
    "nothing",
    "a trusted one stays",
  );
});

test("a certificate that is not served is deployed", () => {
  assert.equal(action({ served: digest("d") }), "deploy");
  assert.equal(action({ served: undefined }), "nothing");
});

test("failures are paused for 15 minutes, doubling to 6 hours, or as long as the authority says", () => {
  let attempts = NO_ATTEMPTS;
  const pauses: number[] = [];
  for (let failure = 0; failure < 8; failure += 1) {
    attempts = afterFailure(attempts, names, start);
    pauses.push((mayOrderFrom(attempts, names) - start) / HOUR);
  }
  assert.deepEqual(pauses, [0.25, 0.5, 1, 2, 4, 6, 6, 6]);
  assert.equal(mayOrderFrom(attempts, ["other.example"]), 0, "other names are another matter");
  assert.equal(afterFailure(attempts, ["other.example"], start).failures, 1);
  const short = afterFailure(attempts, names, start, { left: 36 * HOUR });
  assert.equal(mayOrderFrom(short, names), start + HOUR, "shorter when there is little time left");
  const over = afterFailure(attempts, names, start, { left: -HOUR });
  assert.equal(mayOrderFrom(over, names), start + HOUR / 4);
  const told = afterFailure(NO_ATTEMPTS, names, start, { retryAt: start + 30 * HOUR });
  assert.equal(mayOrderFrom(told, names), start + 30 * HOUR);
  assert.equal(mayOrderFrom(afterIssue(told, names, start), names), 0, "a success ends the pause");
});

test("no more than five certificates for one set of names are ordered in seven days", () => {
  let attempts = NO_ATTEMPTS;
  for (let day = 0; day < 5; day += 1) attempts = afterIssue(attempts, names, start + day * DAY);
  assert.equal(mayOrderFrom(attempts, names.toReversed()), start + 7 * DAY);
  assert.equal(mayOrderFrom(attempts, ["other.example"]), 0);
  attempts = afterIssue(attempts, names, start + 9 * DAY);
  assert.equal(attempts.issued.length, 4, "what is older than the limit looks back is forgotten");
});

test("a look is due at its time, for other names, and when there was none", () => {
  const next = { at: at(start), names, reason: "", waiting: false };
  assert.equal(lookDue(undefined, names, start), "first");
  assert.equal(lookDue(next, names, start - 1), undefined);
  assert.equal(lookDue(next, names, start), "due-20261101000000000");
  assert.equal(lookDue(next, ["example.org"], start - 1), "names-after-20261101000000000");
});

test("hours left are told with their sign", () => {
  assert.equal(hoursLeft(certificate(), start), 90 * 24);
  assert.equal(hoursLeft(certificate(), start + 91 * DAY), -24);
});
