/** Seconds. */
const TTL = 300;

/**
 * What the outside has to know of the site's names: their A records in the hosted zone, where one is given, and
 * the records to set by hand otherwise, as outputs.
 */
module.exports = async ({ resolveVariable }) => {
  const parameter = async (name) => String(await resolveVariable(`param:${name}`));
  const [domain, aliases, zone] = await Promise.all(["domain", "aliases", "hostedZone"].map(parameter));
  const names = [domain, ...aliases.split(" ")].filter((name) => name !== "");
  if (names.length === 0) return { Resources: {}, Outputs: {} };
  const Description = zone === "" ? "Set this where the domain's DNS is kept" : "Set by this stack";
  const Outputs = Object.fromEntries(
    names.map((name, i) => [
      `DnsRecord${i + 1}`,
      { Description, Value: { "Fn::Sub": `${name}. ${TTL} IN A \${SiteAddress}` } },
    ]),
  );
  if (zone === "") return { Resources: {}, Outputs };
  const RecordSets = names.map((name) => ({
    Name: `${name}.`,
    Type: "A",
    TTL: String(TTL),
    ResourceRecords: [{ Ref: "SiteAddress" }],
  }));
  const SiteRecords = {
    Type: "AWS::Route53::RecordSetGroup",
    Properties: { HostedZoneId: zone, Comment: "The site's names", RecordSets },
  };
  return { Resources: { SiteRecords }, Outputs };
};
