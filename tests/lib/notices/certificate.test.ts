import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateNotice, type FailedOrder } from "../../../lib/notices/certificate.ts";
import { nextSteps } from "../../../lib/notices/next-steps.ts";
import { subjectOf, textOf } from "../../../lib/notices/notice.ts";
import { certificate } from "../releases/records.fixtures.ts";

const now = Date.parse("2026-11-23T00:00:00Z");
const order = (notAfter: string | undefined, selfSigned = false): FailedOrder => ({
  names: ["example.org", "www.example.org"],
  execution: "arn:aws:states:us-east-1:000000000000:execution:mirage-pages-prod-certificate:x",
  error: "OrderFailed",
  cause: "The authority did not accept the proof.",
  next: "2026-11-23T01:00:00.000Z",
  current: notAfter === undefined ? undefined : { ...certificate, notAfter, selfSigned },
  now,
});

test("the subject says how long there is left", () => {
  const subject = (one: FailedOrder) => subjectOf(certificateNotice(one)).split("(OrderFailed), ")[1];
  assert.deepEqual(
    [
      subject(order(undefined)),
      subject(order("2036-01-01T00:00:00.000Z", true)),
      subject(order("2026-12-13T12:00:00.000Z")),
      subject(order("2026-11-24T06:00:00.000Z")),
      subject(order("2026-11-22T00:00:00.000Z")),
    ],
    [
      "there is none yet",
      "the present one is self-signed",
      "the present one is valid for 20 days",
      "the present one is valid for 30 hours",
      "the present one has run out",
    ],
  );
});

test("the text has the authority's words, the next attempt and what to do", () => {
  const text = textOf(certificateNotice(order("2026-12-13T12:00:00.000Z")));
  assert.match(
    text,
    /^OrderFailed: The authority did not accept the proof\.\n\nThe site is as it was\. The next attempt is made after 2026-11-23T01:00:00\.000Z\.\n/,
  );
  assert.ok(text.includes(`What to do: ${nextSteps.OrderFailed}`));
  assert.match(text, /\nNames: example\.org, www\.example\.org\n/);
});
