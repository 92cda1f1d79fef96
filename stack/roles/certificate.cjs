/** What the functions may do that the state machine `certificate` calls. */
module.exports = (statements, { hostedZone }) => {
  const { sub, allow, execution, looksAtOwners, startsDeployments } = statements;
  const { lists, reads, writes, puts, deletes, chains, keepsCertificates } = statements;

  const inZone = (actions, condition) =>
    hostedZone === ""
      ? []
      : [allow(actions, sub(`arn:\${AWS::Partition}:route53:::hostedzone/${hostedZone}`), condition)];
  const changesChallengeRecords = [
    ...inZone("route53:ListResourceRecordSets"),
    ...inZone("route53:ChangeResourceRecordSets", {
      "ForAllValues:StringLike": {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_acme-challenge.*"],
      },
      "ForAllValues:StringEquals": { "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"] },
    }),
  ];
  const worksOnOrder = [reads("keys/account.pem"), writes("certificates/order.json")];
  const withdrawsAnswers = [deletes("challenges/*"), ...changesChallengeRecords];

  return {
    "check-certificate": [
      lists,
      reads("live.json", "certificates/current.json", "certificates/attempts.json", chains),
      writes("certificates/renewal.json", "certificates/order.json"),
      puts("certificates/next.json"),
      allow("states:DescribeExecution", execution("certificate")),
    ],
    "order-certificate": [
      lists,
      reads("certificates/current.json", chains),
      ...worksOnOrder,
      puts("keys/account.pem"),
    ],
    "present-challenge": [lists, ...worksOnOrder, puts("challenges/*"), ...changesChallengeRecords],
    "poll-challenge": [lists, reads("certificates/order.json"), ...inZone("route53:GetHostedZone")],
    "validate-challenge": [lists, ...worksOnOrder],
    "finalize-order": [lists, ...worksOnOrder, writes("keys/orders/*")],
    "store-certificate": [
      lists,
      ...worksOnOrder,
      ...keepsCertificates,
      writes("certificates/attempts.json"),
      reads("keys/orders/*"),
      ...withdrawsAnswers,
      deletes("certificates/order.json", "keys/orders/*"),
    ],
    "put-off-certificate": [
      lists,
      reads("certificates/current.json", "certificates/order.json"),
      writes("certificates/attempts.json"),
      puts("certificates/next.json"),
      ...withdrawsAnswers,
      deletes("certificates/order.json", "keys/orders/*"),
      allow("sns:Publish", sub("${NotificationTopic}")),
    ],
    "self-sign-certificate": [lists, ...keepsCertificates],
    "deploy-certificate": [
      lists,
      reads("live.json", "certificates/current.json", "turn/lock.json"),
      writes("requests/certificate.json"),
      looksAtOwners,
      startsDeployments,
    ],
  };
};
