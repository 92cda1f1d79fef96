const { unseen } = require("./unseen.cjs");

/**
 * The words that the roles are written in: statements that more than one role has, and what makes them. `*` stands
 * only where AWS has no resource to name (Describe*), and where a tag condition does the narrowing.
 */
module.exports = (stack) => {
  const sub = (text) => ({ "Fn::Sub": text });
  const allow = (Action, Resource, Condition) => ({
    Effect: "Allow",
    Action,
    Resource,
    ...(Condition && { Condition }),
  });

  const inBucket =
    (bucket) =>
    (action, ...keys) =>
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
  const deletes = (...keys) => state("s3:DeleteObject", ...keys);
  // Without ListBucket S3 answers 403 for a missing key; with it the answer is the 404 that we look for.
  const lists = allow("s3:ListBucket", sub("${StateBucket.Arn}"));

  // Of certificates, without their keys: these lie below keys/.
  const chains = "certificates/*/chain.pem";
  // Secrets: written by who makes them, read by who puts them into a disk.
  const keepsCertificates = [writes("certificates/current.json"), puts(chains, "keys/*")];

  const inAccount = (service, resource) =>
    sub(`arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`);
  const ec2 = (type) => inAccount("ec2", type);
  const shared = (type) => sub(`arn:\${AWS::Partition}:ec2:\${AWS::Region}::${type}`);
  const execution = (name) => inAccount("states", `execution:${stack}-${name}:*`);
  const machine = (name) => inAccount("states", `stateMachine:${stack}-${name}`);
  const own = { StringEquals: { "aws:ResourceTag/mirage-pages:stack": stack } };
  const tagged = { StringEquals: { "aws:RequestTag/mirage-pages:stack": stack } };
  const taggedBy = (...actions) => ({
    StringEquals: { "ec2:CreateAction": actions, "aws:RequestTag/mirage-pages:stack": stack },
  });

  // Snapshots are encrypted with the account's aws/ebs key, whose own policy lets everybody use it, grants
  // included, who may use EBS in this account: no role needs a permission of KMS.

  // Describe* knows no resources: AWS takes only "*".
  const describes = (...what) =>
    allow(
      what.map((name) => `ec2:Describe${name}`),
      "*",
    );
  const looksAtOwners = allow("states:DescribeExecution", ["deploy", "retire"].map(execution));
  const startsDeployments = allow("states:StartExecution", machine("deploy"));
  const movesAddress = [
    allow("ec2:AssociateAddress", ec2("elastic-ip/${SiteAddress.AllocationId}")),
    allow("ec2:AssociateAddress", [ec2("instance/*"), ec2("network-interface/*")], own),
  ];
  const stopsMachines = allow("ec2:StopInstances", ec2("instance/*"), own);
  const removesMachines = allow("ec2:TerminateInstances", ec2("instance/*"), own);
  const removesImages = [
    allow("ec2:DeregisterImage", shared("image/*"), own),
    allow("ec2:DeleteSnapshot", shared("snapshot/*"), own),
  ];
  const cancelsImports = allow(
    "ec2:CancelImportTask",
    [ec2("import-snapshot-task/*"), ec2("import-image-task/*")],
    own,
  );
  // What an import has made bears no tag of ours before register-image gives it one, and only what does is removed.
  const orphaned =
    "Only an import that outlives its execution needs it: tests/simulation stops some in the middle.";
  const tagsImported = unseen(
    orphaned,
    allow("ec2:CreateTags", [shared("image/*"), shared("snapshot/*")], tagged),
  );

  return {
    ...{ sub, allow, inAccount, ec2, shared, execution, machine, own, tagged, taggedBy },
    ...{ state, content, reads, writes, puts, uploads, deletes, lists, chains, keepsCertificates },
    ...{ describes, looksAtOwners, startsDeployments, movesAddress },
    ...{ stopsMachines, removesMachines, removesImages, cancelsImports, orphaned, tagsImported },
  };
};
