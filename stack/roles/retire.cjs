const { unseen } = require("./unseen.cjs");

/** What the function may do that the state machine `retire` calls. */
module.exports = (statements) => {
  const { looksAtOwners, startsDeployments } = statements;
  const { lists, state, reads, writes, deletes } = statements;
  const { describes } = statements;
  const { stopsMachines, removesMachines, removesImages, cancelsImports, orphaned, tagsImported } =
    statements;

  return {
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
  };
};
