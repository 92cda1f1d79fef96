import type { Provider, Provisioned, Resource } from "../service.ts";
import { allocate } from "./actions/addresses.ts";
import { zonesOf } from "./actions/region.ts";
import type { Cloud } from "./cloud.ts";
import { newId } from "./ids.ts";
import type { Rule, SecurityGroup, State } from "./state.ts";
import { setTags } from "./tags.ts";

/** Whose resources the template makes, and where. */
export interface Home {
  readonly accountId: string;
  readonly region: string;
}

type Properties = Record<string, unknown>;
type Make = (properties: Properties, cloud: Cloud, home: Home, known: Provisioned | undefined) => Provisioned;

/** A resource of the template cannot be made as it is declared. */
class BadResource extends Error {
  override readonly name = "BadResource";
}

const allowAll: Rule = { protocol: "-1", fromPort: -1, toPort: -1, cidr: "0.0.0.0/0" };

const makers: Record<string, Make> = {
  "AWS::EC2::VPC": (properties, { store }, home, known) => {
    const id = known?.ref ?? newId("vpc");
    const cidr = text(properties, "CidrBlock");
    const group = known?.attributes.DefaultSecurityGroup ?? newId("sg");
    store.state.vpcs[id] = { id, ownerId: home.accountId, cidr };
    store.state.groups[group] ??= {
      id: group,
      ownerId: home.accountId,
      vpcId: id,
      name: "default",
      description: "default VPC security group",
      ingress: [],
      egress: [allowAll],
    };
    return { ref: id, attributes: { VpcId: id, CidrBlock: cidr, DefaultSecurityGroup: group } };
  },
  "AWS::EC2::Subnet": (properties, { store }, home, known) => {
    const id = known?.ref ?? newId("subnet");
    const vpcId = text(properties, "VpcId");
    if (!store.state.vpcs[vpcId]) throw new BadResource(`There is no VPC ${vpcId}.`);
    const zone = optionalText(properties, "AvailabilityZone") ?? zonesOf(home.region)[0] ?? `${home.region}a`;
    store.state.subnets[id] = {
      id,
      ownerId: home.accountId,
      vpcId,
      cidr: text(properties, "CidrBlock"),
      zone,
      mapPublicIp: flag(properties.MapPublicIpOnLaunch),
    };
    return { ref: id, attributes: { SubnetId: id, VpcId: vpcId, AvailabilityZone: zone } };
  },
  "AWS::EC2::InternetGateway": plain("igw", "InternetGatewayId"),
  "AWS::EC2::VPCGatewayAttachment": plain("igw-attach", "AttachmentType"),
  "AWS::EC2::RouteTable": plain("rtb", "RouteTableId"),
  "AWS::EC2::Route": plain("r", "CidrBlock"),
  "AWS::EC2::SubnetRouteTableAssociation": plain("rtbassoc", "Id"),
  "AWS::EC2::SecurityGroup": (properties, { store }, home, known) => {
    const id = known?.ref ?? newId("sg");
    const vpcId = text(properties, "VpcId");
    if (!store.state.vpcs[vpcId]) throw new BadResource(`There is no VPC ${vpcId}.`);
    const egress = properties.SecurityGroupEgress;
    const group: SecurityGroup = {
      id,
      ownerId: home.accountId,
      vpcId,
      name: optionalText(properties, "GroupName") ?? id,
      description: text(properties, "GroupDescription"),
      ingress: rules(properties.SecurityGroupIngress),
      // Left out, everything is let out; an empty list lets nothing out but CloudFormation ignores it too.
      egress: Array.isArray(egress) && egress.length > 0 ? rules(egress) : [allowAll],
    };
    store.state.groups[id] = group;
    return { ref: id, attributes: { GroupId: id, VpcId: vpcId } };
  },
  "AWS::EC2::SecurityGroupIngress": (properties, { store }, _home, known) => {
    addRule(groupOf(store.state, properties).ingress, properties);
    return known ?? { ref: newId("sgr"), attributes: {} };
  },
  "AWS::EC2::SecurityGroupEgress": (properties, { store }, _home, known) => {
    addRule(groupOf(store.state, properties).egress, properties);
    return known ?? { ref: newId("sgr"), attributes: {} };
  },
  "AWS::EC2::EIP": (properties, cloud, home, known) => {
    const domain = optionalText(properties, "Domain") ?? "vpc";
    if (domain !== "vpc") throw new BadResource(`An Elastic IP's Domain is vpc, not ${domain}.`);
    const kept = known && cloud.store.state.addresses[known.attributes.AllocationId ?? ""];
    const address = kept ?? allocate(cloud, home.accountId);
    return {
      ref: address.publicAddress,
      attributes: { AllocationId: address.allocationId, PublicIp: address.publicAddress },
    };
  },
};

/** Nothing is routed here: addresses are loopback's. */
const honoured: Record<string, readonly string[]> = {
  "AWS::EC2::VPC": ["CidrBlock"],
  "AWS::EC2::Subnet": ["AvailabilityZone", "CidrBlock", "MapPublicIpOnLaunch", "VpcId"],
  "AWS::EC2::InternetGateway": [],
  "AWS::EC2::VPCGatewayAttachment": [],
  "AWS::EC2::RouteTable": [],
  "AWS::EC2::Route": [],
  "AWS::EC2::SubnetRouteTableAssociation": [],
  "AWS::EC2::SecurityGroup": [
    ...["GroupDescription", "GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "VpcId"],
  ],
  "AWS::EC2::SecurityGroupIngress": ["CidrIp", "CidrIpv6", "FromPort", "GroupId", "IpProtocol", "ToPort"],
  "AWS::EC2::SecurityGroupEgress": ["CidrIp", "CidrIpv6", "FromPort", "GroupId", "IpProtocol", "ToPort"],
  "AWS::EC2::EIP": ["Domain"],
};

// A security group that is provisioned again is what the template says; rules that are resources of their
// own come after it and are added again.
function plain(prefix: string, attribute: string): Make {
  return (_properties, _cloud, _home, known) => {
    if (known) return known;
    const id = newId(prefix);
    return { ref: id, attributes: { [attribute]: id } };
  };
}

/**
 * Makes the network of the template: find or create by (stack, logical id), and bring what is found to what
 * the template says now. Throws BadResource for a resource that cannot be.
 */
export function networkProvider(cloud: Cloud, home: Home): Provider {
  return {
    honoured,
    async provision(resource) {
      const { state } = cloud.store;
      const name = `${resource.stack}/${resource.logicalId}`;
      const known = state.provisioned[name];
      const make = makers[resource.type];
      if (!make) throw new BadResource(`The local EC2 does not make ${resource.type} (${name}).`);
      const made = make(resource.properties, cloud, home, known?.type === resource.type ? known : undefined);
      state.provisioned[name] = { type: resource.type, ref: made.ref, attributes: made.attributes };
      tag(state, resource, made);
      await cloud.store.save();
      await cloud.fleet.route();
      return made;
    },
  };
}

function tag(state: State, resource: Resource, made: Provisioned): void {
  const id = made.attributes.AllocationId ?? made.ref;
  const declared = resource.properties.Tags;
  const tags = Array.isArray(declared)
    ? declared.map(({ Key, Value }) => ({ Key: `${Key}`, Value: `${Value}` }))
    : [];
  setTags(state, id, tags);
  // CloudFormation's own tags, which nobody else may set.
  state.tags[id] = {
    ...state.tags[id],
    "aws:cloudformation:stack-name": resource.stack,
    "aws:cloudformation:logical-id": resource.logicalId,
  };
}

function groupOf(state: State, properties: Properties): SecurityGroup {
  const id = text(properties, "GroupId");
  const group = state.groups[id];
  if (!group) throw new BadResource(`There is no security group ${id}.`);
  return group;
}

function addRule(list: Rule[], properties: Properties): void {
  for (const rule of rules([properties])) {
    if (!list.some((one) => JSON.stringify(one) === JSON.stringify(rule))) list.push(rule);
  }
}

function rules(list: unknown): Rule[] {
  if (!Array.isArray(list)) return [];
  return list.map((item: Properties) => {
    const protocol = text(item, "IpProtocol");
    const cidr = optionalText(item, "CidrIp") ?? optionalText(item, "CidrIpv6");
    if (!cidr)
      throw new BadResource("The local EC2 knows security group rules with CidrIp or CidrIpv6 only.");
    const description = optionalText(item, "Description");
    return {
      protocol,
      fromPort: Number(item.FromPort ?? -1),
      toPort: Number(item.ToPort ?? item.FromPort ?? -1),
      cidr,
      ...(description && { description }),
    };
  });
}

function text(properties: Properties, name: string): string {
  const value = optionalText(properties, name);
  if (value === undefined) throw new BadResource(`The property ${name} is missing.`);
  return value;
}

function optionalText(properties: Properties, name: string): string | undefined {
  const value = properties[name];
  return value === undefined || value === null ? undefined : String(value);
}

function flag(value: unknown): boolean {
  return value === true || value === "true";
}
