import type * as ec2 from "@aws-sdk/client-ec2";
import { action } from "../cloud.ts";
import { notFound } from "../errors.ts";
import { byIds, type Fields, paginate, select } from "../select.ts";
import type { NetworkInterface, SecurityGroup, Subnet, Vpc } from "../state.ts";
import { tagList, tagsOf } from "../tags.ts";
import { networkInterfaceView, permissionsView } from "../views.ts";

export const describeVpcs = action<ec2.DescribeVpcsRequest, ec2.DescribeVpcsResult>(
  ["VpcIds", "Filters", "MaxResults", "NextToken"],
  (input, cloud) => {
    const { state } = cloud.store;
    const fields: Fields<Vpc> = {
      "vpc-id": (vpc) => [vpc.id],
      cidr: (vpc) => [vpc.cidr],
      state: () => ["available"],
      "is-default": () => ["false"],
      isDefault: () => ["false"],
    };
    const named = byIds(state.vpcs, input.VpcIds, (id) => notFound("vpc", id));
    const found = select(named, input.Filters, fields, (vpc) => tagsOf(state, vpc.id));
    const page = paginate(found, input.MaxResults, input.NextToken);
    const Vpcs = page.items.map((vpc) => ({
      VpcId: vpc.id,
      OwnerId: vpc.ownerId,
      CidrBlock: vpc.cidr,
      State: "available" as const,
      IsDefault: false,
      InstanceTenancy: "default" as const,
      Tags: tagList(state, vpc.id),
    }));
    return { Vpcs, NextToken: page.next };
  },
);

export const describeSubnets = action<ec2.DescribeSubnetsRequest, ec2.DescribeSubnetsResult>(
  ["SubnetIds", "Filters", "MaxResults", "NextToken"],
  (input, cloud) => {
    const { state } = cloud.store;
    const fields: Fields<Subnet> = {
      "subnet-id": (subnet) => [subnet.id],
      "vpc-id": (subnet) => [subnet.vpcId],
      "cidr-block": (subnet) => [subnet.cidr],
      "availability-zone": (subnet) => [subnet.zone],
      state: () => ["available"],
    };
    const named = byIds(state.subnets, input.SubnetIds, (id) => notFound("subnet", id));
    const found = select(named, input.Filters, fields, (subnet) => tagsOf(state, subnet.id));
    const page = paginate(found, input.MaxResults, input.NextToken);
    const Subnets = page.items.map((subnet) => ({
      SubnetId: subnet.id,
      VpcId: subnet.vpcId,
      OwnerId: subnet.ownerId,
      CidrBlock: subnet.cidr,
      AvailabilityZone: subnet.zone,
      State: "available" as const,
      DefaultForAz: false,
      MapPublicIpOnLaunch: subnet.mapPublicIp,
      Tags: tagList(state, subnet.id),
    }));
    return { Subnets, NextToken: page.next };
  },
);

export const describeSecurityGroups = action<
  ec2.DescribeSecurityGroupsRequest,
  ec2.DescribeSecurityGroupsResult
>(["GroupIds", "Filters", "MaxResults", "NextToken"], (input, cloud) => {
  const { state } = cloud.store;
  const fields: Fields<SecurityGroup> = {
    "group-id": (group) => [group.id],
    "group-name": (group) => [group.name],
    "vpc-id": (group) => [group.vpcId],
    "owner-id": (group) => [group.ownerId],
    description: (group) => [group.description],
  };
  const named = byIds(state.groups, input.GroupIds, (id) => notFound("group", id));
  const found = select(named, input.Filters, fields, (group) => tagsOf(state, group.id));
  const page = paginate(found, input.MaxResults, input.NextToken);
  const SecurityGroups = page.items.map((group) => ({
    GroupId: group.id,
    GroupName: group.name,
    Description: group.description,
    VpcId: group.vpcId,
    OwnerId: group.ownerId,
    IpPermissions: permissionsView(group.ingress),
    IpPermissionsEgress: permissionsView(group.egress),
    Tags: tagList(state, group.id),
  }));
  return { SecurityGroups, NextToken: page.next };
});

export const describeNetworkInterfaces = action<
  ec2.DescribeNetworkInterfacesRequest,
  ec2.DescribeNetworkInterfacesResult
>(["NetworkInterfaceIds", "Filters", "MaxResults", "NextToken"], (input, cloud) => {
  const { state } = cloud.store;
  const fields: Fields<NetworkInterface> = {
    "network-interface-id": (nic) => [nic.id],
    "attachment.instance-id": (nic) => [nic.instanceId],
    "subnet-id": (nic) => [nic.subnetId],
    "vpc-id": (nic) => [nic.vpcId],
    "group-id": (nic) => nic.groupIds,
    "private-ip-address": (nic) => [nic.privateAddress],
    status: () => ["in-use"],
  };
  const named = byIds(state.networkInterfaces, input.NetworkInterfaceIds, (id) =>
    notFound("networkInterface", id),
  );
  const found = select(named, input.Filters, fields, (nic) => tagsOf(state, nic.id));
  const page = paginate(found, input.MaxResults, input.NextToken);
  return {
    NetworkInterfaces: page.items.map((nic) => networkInterfaceView(cloud, nic)),
    NextToken: page.next,
  };
});
