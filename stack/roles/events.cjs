/** What the functions may do that events, schedules and visitors call, and no state machine. */
module.exports = (statements) => {
  const { sub, allow, machine, looksAtOwners, startsDeployments } = statements;
  const { lists, reads, writes, describes } = statements;

  return {
    "content-changed": [
      lists,
      writes("requests/content.json"),
      reads("turn/lock.json"),
      looksAtOwners,
      startsDeployments,
      allow(
        ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        sub("${ContentQueue.Arn}"),
      ),
    ],
    reconcile: [
      allow("s3:ListBucket", sub("${ContentBucket.Arn}")),
      lists,
      reads("turn/lock.json", "live.json", "refused.json", "archives/*", "certificates/next.json"),
      writes("health.json", "requests/*"),
      looksAtOwners,
      startsDeployments,
      allow("states:StartExecution", machine("certificate")),
      allow("states:StartExecution", machine("retire")),
      describes("Addresses", "Instances"),
    ],
    "answer-challenge": [lists, reads("challenges/*")],
  };
};
