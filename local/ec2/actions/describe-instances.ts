import type * as ec2 from "@aws-sdk/client-ec2";
import { action, type Cloud } from "../cloud.ts";
import { invalidCombination, notFound } from "../errors.ts";
import { byIds, type Fields, paginate, select } from "../select.ts";
import { type Instance, instanceStates } from "../state.ts";
import { tagsOf } from "../tags.ts";
import { instanceView } from "../views.ts";

function fields(cloud: Cloud): Fields<Instance> {
  const { state } = cloud.store;
  const nic = (instance: Instance) => state.networkInterfaces[instance.networkInterfaceId];
  return {
    "instance-id": (instance) => [instance.id],
    "instance-state-name": (instance) => [instance.state],
    "instance-state-code": (instance) => [String(instanceStates[instance.state])],
    "instance-type": (instance) => [instance.type],
    "image-id": (instance) => [instance.imageId],
    "client-token": (instance) => [instance.clientToken],
    "ip-address": (instance) => [cloud.fleet.publicAddress(instance)],
    "private-ip-address": (instance) => [nic(instance)?.privateAddress],
    "subnet-id": (instance) => [nic(instance)?.subnetId],
    "vpc-id": (instance) => [nic(instance)?.vpcId],
    "instance.group-id": (instance) => nic(instance)?.groupIds ?? [],
    "reservation-id": (instance) => [instance.reservationId],
    "network-interface.addresses.association.public-ip": (instance) => [cloud.fleet.publicAddress(instance)],
    "block-device-mapping.volume-id": (instance) => [instance.volumeId],
    "key-name": (instance) => [instance.keyName],
  };
}

/** Instances, grouped by the call that launched them. */
export const describeInstances = action<ec2.DescribeInstancesRequest, ec2.DescribeInstancesResult>(
  ["InstanceIds", "Filters", "MaxResults", "NextToken"],
  (input, cloud) => {
    const { state } = cloud.store;
    if (input.InstanceIds?.length && input.MaxResults !== undefined) {
      throw invalidCombination("The parameter instancesSet cannot be used with the parameter maxResults");
    }
    const named = byIds(state.instances, input.InstanceIds, (id) => notFound("instance", id));
    const found = select(named, input.Filters, fields(cloud), (instance) => tagsOf(state, instance.id));
    const page = paginate(found, input.MaxResults, input.NextToken);
    const reservations = Map.groupBy(page.items, (instance) => instance.reservationId);
    return {
      Reservations: [...reservations].map(([ReservationId, instances]) => ({
        ReservationId,
        OwnerId: instances[0]?.ownerId,
        Groups: [],
        Instances: instances.map((instance) => instanceView(cloud, instance)),
      })),
      NextToken: page.next,
    };
  },
);

/** The states of instances: running ones only, unless all are asked for. */
export const describeInstanceStatus = action<
  ec2.DescribeInstanceStatusRequest,
  ec2.DescribeInstanceStatusResult
>(["InstanceIds", "Filters", "IncludeAllInstances", "MaxResults", "NextToken"], (input, cloud) => {
  const { state } = cloud.store;
  const named = byIds(state.instances, input.InstanceIds, (id) => notFound("instance", id));
  const asked = named.filter((instance) => input.IncludeAllInstances || instance.state === "running");
  const found = select(asked, input.Filters, fields(cloud), (instance) => tagsOf(state, instance.id));
  const page = paginate(found, input.MaxResults, input.NextToken);
  return {
    InstanceStatuses: page.items.map((instance) => statusView(cloud, instance)),
    NextToken: page.next,
  };
});

/** Status checks take minutes to say something on AWS. */
const checksTake = 180_000;

function statusView(cloud: Cloud, instance: Instance): ec2.InstanceStatus {
  const { networkInterfaces, subnets } = cloud.store.state;
  const young = Date.now() - Date.parse(instance.launchTime) < checksTake;
  const passed = young ? "initializing" : "passed";
  const ok = young ? "initializing" : "ok";
  const summary: ec2.InstanceStatusSummary =
    instance.state === "running"
      ? { Status: ok, Details: [{ Name: "reachability", Status: passed }] }
      : { Status: "not-applicable" };
  const subnet = subnets[networkInterfaces[instance.networkInterfaceId]?.subnetId ?? ""];
  return {
    InstanceId: instance.id,
    AvailabilityZone: subnet?.zone,
    InstanceState: { Code: instanceStates[instance.state], Name: instance.state },
    InstanceStatus: summary,
    SystemStatus: summary,
  };
}
