const { unseen } = require("./unseen.cjs");

/** What the functions may do that the state machine `retire` calls. */
module.exports = (statements, { accessLog }) => {
  const { looksAtOwners, startsDeployments } = statements;
  const { allow, sub, state, lists, reads, writes, deletes } = statements;
  const { describes } = statements;
  const { stopsMachines, removesMachines, removesImages, cancelsImports, tagsImported } = statements;

  return {
    "collect-access-log": accessLog
      ? [
          lists,
          reads("releases/*", "keys/access-log/*"),
          writes("cursors/*", "access-logs/*"),
          describes("Instances"),
        ]
      : [],
    retire: [
      lists,
      writes("turn/lock.json", "releases/*"),
      reads("live.json", "certificates/current.json"),
      deletes("turn/lock.json", "archives/*", "boot/*", "listings/*", "imports/*"),
      unseen("Consoles go after twenty releases: no test makes as many.", deletes("consoles/*")),
      deletes("certificates/*", "keys/*", "cursors/*"),
      allow("s3:ListBucketMultipartUploads", sub("${StateBucket.Arn}")),
      state("s3:AbortMultipartUpload", "archives/*", "imports/*"),
      looksAtOwners,
      startsDeployments,
      describes("Addresses", "Instances", "Images", "Snapshots", "ImportSnapshotTasks", "ImportImageTasks"),
      stopsMachines,
      removesMachines,
      ...removesImages,
      cancelsImports,
      tagsImported,
    ],
  };
};
