const { unseen } = require("./unseen.cjs");

/** The roles of AWS's own services. `called` are the functions that each state machine calls, by its name. */
module.exports = (statements, { stack, role, called }) => {
  const { sub, allow, inAccount, machine, shared } = statements;

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
  const invokes = (names) =>
    allow(
      "lambda:InvokeFunction",
      names.map((name) => inAccount("lambda", `function:${stack}-${name}`)),
    );

  const Resources = {};
  for (const [name, functions] of Object.entries(called)) {
    Resources[`${name[0].toUpperCase()}${name.slice(1)}MachineRole`] = role(
      "states.amazonaws.com",
      `${name}-machine`,
      [invokes(functions), traces, logDelivery],
      onlyFor(machine(name)),
    );
  }
  Resources.CertificateScheduleRole = role(
    "scheduler.amazonaws.com",
    "certificate-schedule",
    [allow("states:StartExecution", machine("certificate"))],
    // Scheduler tells the group of the schedule, never the schedule itself.
    onlyFor(inAccount("scheduler", "schedule-group/default")),
  );
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
    onlyFor(inAccount("codebuild", `project/${stack}-build`)),
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
  return Resources;
};
