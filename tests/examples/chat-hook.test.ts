import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { handler } from "../../examples/chat-hook.mjs";
import { deploymentNotice } from "../../lib/notices/deployment.ts";
import { nextSteps } from "../../lib/notices/next-steps.ts";
import { chatOf } from "../../lib/notices/notice.ts";
import { live, release } from "../lib/releases/records.fixtures.ts";

const execution = "arn:aws:states:us-east-1:000000000000:execution:mirage-pages-prod-deploy:x";

/** What the hook sends for a message, to a webhook that answers with a status. */
async function sent(t: TestContext, message: unknown, status = 200): Promise<string> {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(await text(request));
    response.writeHead(status).end("no");
  });
  server.listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  process.env.WEBHOOK = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const Message = JSON.stringify(message);
  await handler({ Records: [{ Sns: { Subject: "ALARM: x", Message } }] });
  return (JSON.parse(bodies[0] ?? "") as { text: string }).text;
}

const notice = (outcome: "live" | "failed", message: string) =>
  chatOf(
    deploymentNotice({
      ...{ site: "example.org", execution, outcome, message },
      ...{ opened: release(1), live: live() },
    }),
  );

test("a deployment and a failure become lines of a chat", async (t) => {
  const good = await sent(t, notice("live", "Release 1 is live."));
  assert.match(
    good,
    /^:white_check_mark: \*example\.org: release 1 is live \(0 files\)\*\nRelease 1 is live\.\n/,
  );
  const bad = await sent(t, notice("failed", "NoIndex: there is none."));
  assert.match(
    bad,
    /^:x: \*example\.org: release 1 failed \(NoIndex\), release 1 goes on\*\nNoIndex: there is none\.\n/,
  );
  assert.ok(bad.endsWith(`:point_right: ${nextSteps.NoIndex}`));
});

test("an alarm of CloudWatch is told as well; a webhook that refuses is an error", async (t) => {
  const alarm = { AlarmName: "mirage-pages-prod-dead-letters", AlarmDescription: "An event." };
  assert.equal(await sent(t, alarm), "*ALARM: x*\nAn event.");
  await assert.rejects(sent(t, alarm, 500), /The webhook answered 500: no/);
});
