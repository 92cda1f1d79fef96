/**
 * A Lambda function (nodejs24.x, no packages) that tells a chat channel what mirage-pages tells its topic. Set the
 * environment variable WEBHOOK to the channel's incoming webhook (Slack, Mattermost, Rocket.Chat, Zulip's Slack
 * endpoint), and subscribe the function to the stack's topic: docs/notifications.md has the commands.
 */
export async function handler({ Records }) {
  for (const { Sns } of Records) {
    const response = await fetch(process.env.WEBHOOK, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: textOf(Sns) }),
    });
    // SNS tries again, and Lambda's log says why.
    if (!response.ok) throw new Error(`The webhook answered ${response.status}: ${await response.text()}`);
  }
}

function textOf({ Subject, Message }) {
  const told = JSON.parse(Message);
  // CloudWatch's alarms have a form of their own.
  if (told.AlarmName !== undefined) return `*${Subject}*\n${told.AlarmDescription}`;
  const { title, description, nextSteps = [] } = told.content;
  const sign = told.metadata.additionalContext.outcome === "failed" ? ":x:" : ":white_check_mark:";
  return [`${sign} *${title}*`, description, ...nextSteps.map((step) => `:point_right: ${step}`)].join("\n");
}
