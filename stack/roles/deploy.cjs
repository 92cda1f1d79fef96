const { unseen } = require("./unseen.cjs");

/** What the functions may do that the state machine `deploy` calls. */
module.exports = (statements, { stack, instanceType, accessLog }) => {
  const { sub, allow, machine, looksAtOwners, startsDeployments } = statements;
  const { lists, reads, writes, puts, uploads, deletes, content, keepsCertificates } = statements;
  const { ec2, shared, own, tagged, taggedBy, describes } = statements;
  const { movesAddress, stopsMachines, removesMachines, removesImages, cancelsImports, tagsImported } =
    statements;

  return {
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
      reads("live.json", "requests/rollback/*", "certificates/current.json", "archives/*.json"),
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
      ...(accessLog ? [puts("keys/access-log/*")] : []),
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
          "ec2:InstanceType": instanceType,
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
      puts("consoles/*"),
      deletes("imports/*"),
      describes("Addresses", "Instances", "Images", "Snapshots", "ImportSnapshotTasks", "ImportImageTasks"),
      allow("ec2:GetConsoleOutput", ec2("instance/*"), own),
      ...movesAddress,
      stopsMachines,
      removesMachines,
      ...removesImages,
      cancelsImports,
      tagsImported,
    ],
    notify: [
      lists,
      reads("live.json", "releases/*", "consoles/*"),
      allow("sns:Publish", sub("${NotificationTopic}")),
    ],
    "release-turn": [
      lists,
      // A deletion that names an ETag asks for GetObject as well.
      reads("turn/lock.json", "requests/*"),
      deletes("turn/lock.json", "requests/*"),
      startsDeployments,
    ],
  };
};
