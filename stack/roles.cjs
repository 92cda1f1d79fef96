/**
 * Why no call of the tests uses a statement: the calls of the whole test run are recorded, and a statement that
 * none of them used needs its reason here (tests/last).
 */
const reasons = new Map();
const unseen = (reason, statement) => {
  const own = { ...statement };
  reasons.set(own, reason);
  return own;
};

/** Of certificates, without their keys: these lie below keys/. */
const CHAINS = "certificates/*/chain.pem";

/**
 * One role for each function, named as it is; least privilege. `*` stands only where AWS has no resource to
 * name (Describe*), and where a tag condition does the narrowing. Read as a table: function, what it may do.
 */
module.exports = async ({ resolveVariable }) => {
  const stack = await resolveVariable("self:custom.stack");
  const sub = (text) => ({ "Fn::Sub": text });
  const allow = (Action, Resource, Condition) => ({
    Effect: "Allow",
    Action,
    Resource,
    ...(Condition && { Condition }),
  });

  const inBucket = (bucket) => (action, ...keys) =>
    allow(
      action,
      keys.map((key) => sub(`\${${bucket}.Arn}/${key}`)),
    );
  const state = inBucket("StateBucket");
  const content = inBucket("ContentBucket");
  const reads = (...keys) => state("s3:GetObject", ...keys);
  const writes = (...keys) => state(["s3:GetObject", "s3:PutObject"], ...keys);
  const puts = (...keys) => state("s3:PutObject", ...keys);
  const uploads = (...keys) => state(["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], ...keys);
  // Secrets: written by who makes them, read by who puts them into a disk.
  const keepsCertificates = [writes("certificates/current.json"), puts(CHAINS, "keys/*")];
  const deletes = (...keys) => state("s3:DeleteObject", ...keys);
  const worksOnOrder = [reads("keys/account.pem"), writes("certificates/order.json")];
  // Without ListBucket S3 answers 403 for a missing key; with it the answer is the 404 that we look for.
  const lists = allow("s3:ListBucket", sub("${StateBucket.Arn}"));

  const ec2 = (type) => sub(`arn:\${AWS::Partition}:ec2:\${AWS::Region}:\${AWS::AccountId}:${type}`);
  const shared = (type) => sub(`arn:\${AWS::Partition}:ec2:\${AWS::Region}::${type}`);
  const execution = (name) =>
    sub(`arn:\${AWS::Partition}:states:\${AWS::Region}:\${AWS::AccountId}:execution:${stack}-${name}:*`);
  const executions = ["deploy", "retire"].map(execution);
  const machine = (name) =>
    sub(`arn:\${AWS::Partition}:states:\${AWS::Region}:\${AWS::AccountId}:stateMachine:${stack}-${name}`);
  const own = { StringEquals: { "aws:ResourceTag/mirage-pages:stack": stack } };
  const tagged = { StringEquals: { "aws:RequestTag/mirage-pages:stack": stack } };
  const taggedBy = (...actions) => ({
    StringEquals: { "ec2:CreateAction": actions, "aws:RequestTag/mirage-pages:stack": stack },
  });

  // Snapshots are encrypted with the account's aws/ebs key, whose own policy lets everybody use it, grants
  // included, who may use EBS in this account: no role needs a permission of KMS.

  // Describe* knows no resources: AWS takes only "*".
  const describes = (...what) => allow(what.map((name) => `ec2:Describe${name}`), "*");
  const looksAtOwners = allow("states:DescribeExecution", executions);
  const startsDeployments = allow("states:StartExecution", machine("deploy"));
  const movesAddress = [
    allow("ec2:AssociateAddress", ec2("elastic-ip/${SiteAddress.AllocationId}")),
    allow("ec2:AssociateAddress", [ec2("instance/*"), ec2("network-interface/*")], own),
  ];
  const stopsMachines = allow("ec2:StopInstances", ec2("instance/*"), own);
  const removesMachines = allow("ec2:TerminateInstances", ec2("instance/*"), own);
  const cancelsImports = allow(
    "ec2:CancelImportTask",
    [ec2("import-snapshot-task/*"), ec2("import-image-task/*")],
    own,
  );
  // What an import has made bears no tag of ours before register-image gives it one, and only what does is removed.
  const orphaned = "Only an import that outlives its execution needs it: tests/simulation stops some in the middle.";
  const tagsImported = unseen(
    orphaned,
    allow("ec2:CreateTags", [shared("image/*"), shared("snapshot/*")], tagged),
  );
  const removesImages = [
    allow("ec2:DeregisterImage", shared("image/*"), own),
    allow("ec2:DeleteSnapshot", shared("snapshot/*"), own),
  ];

  const zone = await resolveVariable("param:hostedZone");
  const inZone = (actions, condition) =>
    zone === ""
      ? []
      : [allow(actions, sub(`arn:\${AWS::Partition}:route53:::hostedzone/${zone}`), condition)];
  const changesChallengeRecords = [
    ...inZone("route53:ListResourceRecordSets"),
    ...inZone("route53:ChangeResourceRecordSets", {
      "ForAllValues:StringLike": {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_acme-challenge.*"],
      },
      "ForAllValues:StringEquals": { "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"] },
    }),
  ];
  const withdrawsAnswers = [deletes("challenges/*"), ...changesChallengeRecords];

  const permissions = {
    "content-changed": [
      lists,
      writes("requests/content.json"),
      reads("turn/lock.json"),
      looksAtOwners,
      startsDeployments,
      allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], sub("${ContentQueue.Arn}")),
    ],
    "take-turn": [lists, writes("turn/lock.json"), reads("requests/*"), looksAtOwners],
    settle: [
      allow(["s3:ListBucket", "s3:ListBucketMultipartUploads"], sub("${ContentBucket.Arn}")),
      lists,
      reads("requests/*"),
      puts("listings/*"),
    ],
    plan: [lists, reads("live.json", "listings/*"), writes("releases/*"), ...keepsCertificates],
    "plan-rollback": [
      lists,
      reads("live.json", "requests/rollback/*", "certificates/current.json"),
      writes("releases/*"),
      describes("Instances"),
    ],
    "start-build": [
      lists,
      reads("boot/*", "releases/*"),
      writes("sources/*"),
      allow("codebuild:StartBuild", sub("${BuildProject.Arn}")),
    ],
    "poll-build": [
      lists,
      writes("boot/*"),
      allow("codebuild:BatchGetBuilds", sub("${BuildProject.Arn}")),
      allow("logs:GetLogEvents", sub("${BuildLogGroup.Arn}")),
    ],
    "pack-site": [
      allow("s3:ListBucket", sub("${ContentBucket.Arn}")),
      content("s3:GetObject", "*"),
      lists,
      reads("listings/*", "live.json"),
      writes("releases/*"),
      uploads("archives/*"),
    ],
    "adopt-listing": [lists, reads("turn/lock.json"), writes("live.json", "releases/*")],
    "start-import": [
      lists,
      reads("turn/lock.json", "boot/*", "archives/*", "certificates/*", "keys/*"),
      uploads("imports/*"),
      allow("ebs:StartSnapshot", shared("snapshot/*"), tagged),
      allow(["ebs:PutSnapshotBlock", "ebs:CompleteSnapshot"], shared("snapshot/*"), own),
      describes("Snapshots"),
      allow("ec2:ImportSnapshot", ec2("import-snapshot-task/*"), tagged),
      allow("ec2:ImportImage", ec2("import-image-task/*"), tagged),
      // What a task makes gets no tags from its call, so no condition can be put on it.
      allow("ec2:ImportSnapshot", shared("snapshot/*")),
      allow("ec2:ImportImage", [shared("image/*"), shared("snapshot/*")]),
      // The role that the import service reads the disk with; it may be nobody else's.
      allow("iam:PassRole", sub("${DiskImportRole.Arn}")),
      allow(
        "ec2:CreateTags",
        [shared("snapshot/*"), ec2("import-snapshot-task/*"), ec2("import-image-task/*")],
        taggedBy("CreateSnapshot", "StartSnapshot", "ImportSnapshot", "ImportImage"),
      ),
    ],
    "poll-import": [describes("Snapshots", "ImportSnapshotTasks", "ImportImageTasks"), deletes("imports/*")],
    "register-image": [
      lists,
      reads("turn/lock.json"),
      writes("releases/*"),
      describes("Images"),
      allow("ec2:RegisterImage", shared("image/*"), tagged),
      // ImportSnapshot's snapshots get no tags from their task.
      allow("ec2:RegisterImage", shared("snapshot/*")),
      // What ImportImage made bears no tag of a stack yet; what another stack's tag is on stays its own.
      allow("ec2:CreateTags", [shared("image/*"), shared("snapshot/*")], {
        ...tagged,
        StringEqualsIfExists: { "aws:ResourceTag/mirage-pages:stack": stack },
      }),
    ],
    "launch-instance": [
      lists,
      reads("turn/lock.json"),
      writes("releases/*"),
      allow("ec2:RunInstances", ec2("instance/*"), {
        StringEquals: {
          "aws:RequestTag/mirage-pages:stack": stack,
          "ec2:InstanceType": await resolveVariable("param:instanceType"),
        },
      }),
      allow("ec2:RunInstances", [ec2("volume/*"), ec2("network-interface/*")], tagged),
      allow("ec2:RunInstances", shared("image/*"), own),
      // No condition: what ImportSnapshot made bears no tag of ours.
      unseen(
        "by the service's reference only a call that names a snapshot itself needs it; whether AWS asks for the " +
          "image's own too was never tried",
        allow("ec2:RunInstances", shared("snapshot/*")),
      ),
      allow("ec2:RunInstances", [
        ec2("security-group/${SiteSecurityGroup.GroupId}"),
        ec2("subnet/${SubnetA}"),
        ec2("subnet/${SubnetB}"),
      ]),
      allow(
        "ec2:CreateTags",
        [ec2("instance/*"), ec2("volume/*"), ec2("network-interface/*")],
        taggedBy("RunInstances"),
      ),
    ],
    "start-machine": [
      lists,
      reads("turn/lock.json"),
      describes("Instances"),
      allow("ec2:StartInstances", ec2("instance/*"), own),
    ],
    probe: [reads("archives/*"), describes("Instances")],
    "discard-machine": [
      lists,
      reads("turn/lock.json"),
      puts("consoles/*"),
      allow("ec2:GetConsoleOutput", ec2("instance/*"), own),
      removesMachines,
    ],
    "move-address": [lists, reads("turn/lock.json"), describes("Addresses", "Instances"), ...movesAddress],
    "probe-address": [reads("archives/*"), describes("Addresses")],
    commit: [
      lists,
      reads("turn/lock.json", "certificates/current.json"),
      writes("live.json", "releases/*", "requests/certificate.json"),
      deletes("refused.json"),
      allow("states:StartExecution", machine("retire")),
    ],
    undo: [
      lists,
      reads("turn/lock.json", "live.json"),
      writes("releases/*", "refused.json"),
      deletes("imports/*"),
      describes("Addresses", "Instances", "Images", "Snapshots", "ImportSnapshotTasks", "ImportImageTasks"),
      ...movesAddress,
      stopsMachines,
      removesMachines,
      ...removesImages,
      cancelsImports,
      tagsImported,
    ],
    notify: [allow("sns:Publish", sub("${NotificationTopic}"))],
    "release-turn": [
      lists,
      // A deletion that names an ETag asks for GetObject as well.
      reads("turn/lock.json", "requests/*"),
      deletes("turn/lock.json", "requests/*"),
      startsDeployments,
    ],
    retire: [
      lists,
      writes("turn/lock.json"),
      reads("live.json", "certificates/current.json", "releases/*"),
      unseen("Marks what killed executions left as failed.", state("s3:PutObject", "releases/*")),
      deletes("turn/lock.json", "archives/*", "boot/*", "listings/*", "imports/*"),
      unseen("Consoles go after twenty releases: no test makes as many.", deletes("consoles/*")),
      deletes("certificates/*", "keys/*"),
      looksAtOwners,
      startsDeployments,
      describes("Addresses", "Instances", "Images", "Snapshots", "ImportSnapshotTasks", "ImportImageTasks"),
      stopsMachines,
      removesMachines,
      ...removesImages,
      unseen(orphaned, cancelsImports),
      tagsImported,
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
    "check-certificate": [
      lists,
      reads("live.json", "certificates/current.json", "certificates/attempts.json", CHAINS),
      writes("certificates/renewal.json", "certificates/order.json"),
      puts("certificates/next.json"),
      allow("states:DescribeExecution", execution("certificate")),
    ],
    "order-certificate": [
      lists,
      reads("certificates/current.json", CHAINS),
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

  // Lambda assumes a role for functions of the role's own account alone: nobody can pass it from another one.
  const role = (service, name, statements, condition) => ({
    Type: "AWS::IAM::Role",
    Properties: {
      RoleName: sub(`${stack}-${name}-\${AWS::Region}`),
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: service },
            Action: "sts:AssumeRole",
            ...(condition && { Condition: condition }),
          },
        ],
      },
      Policies: [{ PolicyName: name, PolicyDocument: { Version: "2012-10-17", Statement: statements } }],
    },
  });
  const pascal = (name) => name.replace(/(^|-)([a-z])/g, (_, __, letter) => letter.toUpperCase());
  const logs = (name) =>
    allow(
      ["logs:CreateLogStream", "logs:PutLogEvents"],
      sub(`arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${stack}-${name}:*`),
    );
  const invokes = (...names) =>
    allow(
      "lambda:InvokeFunction",
      names.map((name) =>
        sub(`arn:\${AWS::Partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:${stack}-${name}`),
      ),
    );
  /** Only for what this account's resource asks of the service. https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html */
  const onlyFor = (source) => ({
    StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } },
    ArnLike: { "aws:SourceArn": source },
  });
  // X-Ray and the delivery of logs know no resources; these are the actions that Step Functions documents.
  const traces = unseen(
    "there is no X-Ray in the tests",
    allow(
      [
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
      ],
      "*",
    ),
  );
  const logDelivery = unseen(
    "in the tests Step Functions keeps its histories itself and delivers no logs",
    allow(
      [
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
      ],
      "*",
    ),
  );
  const events = ["content-changed", "reconcile", "retire", "answer-challenge"];
  const certificate = Object.keys(permissions).filter((name) => /-(certificate|challenge|order)$/.test(name));
  const states = Object.keys(permissions).filter((name) => ![...events, ...certificate].includes(name));

  const Resources = Object.fromEntries(
    Object.entries(permissions).map(([name, statements]) => [
      `${pascal(name)}Role`,
      role("lambda.amazonaws.com", name, [logs(name), ...statements]),
    ]),
  );
  for (const [name, called] of [
    ["deploy", states],
    ["retire", ["retire"]],
    ["certificate", certificate.filter((name) => !events.includes(name))],
  ]) {
    const statements = [invokes(...called), traces, logDelivery];
    const trust = onlyFor(machine(name));
    Resources[`${pascal(name)}MachineRole`] = role("states.amazonaws.com", `${name}-machine`, statements, trust);
  }
  Resources.CertificateScheduleRole = role(
    "scheduler.amazonaws.com",
    "certificate-schedule",
    [allow("states:StartExecution", machine("certificate"))],
    // Scheduler tells the group of the schedule, never the schedule itself.
    onlyFor(sub("arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/default")),
  );
  const project = `arn:\${AWS::Partition}:codebuild:\${AWS::Region}:\${AWS::AccountId}:project/${stack}-build`;
  Resources.BuildRole = role(
    "codebuild.amazonaws.com",
    "build",
    [
      allow(["logs:CreateLogStream", "logs:PutLogEvents"], sub("${BuildLogGroup.Arn}")),
      allow("s3:GetObject", sub("${StateBucket.Arn}/sources/*")),
      allow("s3:PutObject", sub("${StateBucket.Arn}/boot/*")),
      allow(["s3:GetObject", "s3:PutObject"], sub("${StateBucket.Arn}/build-cache/*")),
      // Without it a cache that is not there yet would be refused rather than missing.
      allow("s3:ListBucket", sub("${StateBucket.Arn}")),
      unseen(
        "CodeBuild's guide asks for them; its own calls are not known",
        allow(["s3:GetBucketAcl", "s3:GetBucketLocation"], sub("${StateBucket.Arn}")),
      ),
      unseen(
        "CodeBuild's guide asks for it; our sources are named by their digest, not by a version",
        allow("s3:GetObjectVersion", sub("${StateBucket.Arn}/sources/*")),
      ),
    ],
    onlyFor(sub(project)),
  );
  const importService = onlyFor(sub("arn:${AWS::Partition}:vmie:*:${AWS::AccountId}:*"));
  Resources.DiskImportRole = role(
    "vmie.amazonaws.com",
    "disk-import",
    [
      allow(["s3:GetBucketLocation", "s3:ListBucket"], sub("${StateBucket.Arn}")),
      allow("s3:GetObject", sub("${StateBucket.Arn}/imports/*")),
      allow(["ec2:ModifySnapshotAttribute", "ec2:CopySnapshot"], shared("snapshot/*")),
      allow("ec2:RegisterImage", [shared("image/*"), shared("snapshot/*")]),
      // Which of them the import service calls is its own affair: AWS documents the role with this.
      allow("ec2:Describe*", "*"),
    ],
    { ...importService, StringEquals: { ...importService.StringEquals, "sts:Externalid": "vmimport" } },
  );
  return { Resources };
};
module.exports.reasons = reasons;
