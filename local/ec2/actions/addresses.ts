import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";
import { action, type Cloud } from "../cloud.ts";
import { missing, notFound } from "../errors.ts";
import { newId } from "../ids.ts";
import { type Fields, select } from "../select.ts";
import type { ElasticAddress, Instance, State } from "../state.ts";
import { setTags, specifiedTags, tagsOf } from "../tags.ts";
import { addressView } from "../views.ts";

/** Elastic IPs that the account may have: the block has room for no more. */
export const mostAddresses = 9;

/** Takes the next free Elastic IP of the block. Throws AddressLimitExceeded when all nine are taken. */
export function allocate(cloud: Cloud, ownerId: string): ElasticAddress {
  const { addresses } = cloud.store.state;
  const used = new Set(Object.values(addresses).map((address) => address.publicAddress));
  for (let host = 1; host <= mostAddresses; host += 1) {
    const publicAddress = `${cloud.fleet.addressBlock}.${host}`;
    if (used.has(publicAddress)) continue;
    const address = { allocationId: newId("eipalloc"), publicAddress, ownerId };
    addresses[address.allocationId] = address;
    return address;
  }
  throw new AwsError("AddressLimitExceeded", "The maximum number of addresses has been reached.");
}

export const allocateAddress = action<ec2.AllocateAddressRequest, ec2.AllocateAddressResult>(
  ["Domain", "TagSpecifications"],
  (input, cloud, caller) => {
    const tags = specifiedTags(input.TagSpecifications, "elastic-ip");
    const address = allocate(cloud, caller.accountId);
    setTags(cloud.store.state, address.allocationId, tags);
    return {
      AllocationId: address.allocationId,
      PublicIp: address.publicAddress,
      Domain: "vpc",
      PublicIpv4Pool: "amazon",
      NetworkBorderGroup: caller.region,
    };
  },
);

export const releaseAddress = action<ec2.ReleaseAddressRequest, object>(["AllocationId"], (input, cloud) => {
  const { state } = cloud.store;
  const address = byAllocation(state, input.AllocationId);
  if (address.associationId) {
    throw new AwsError("InvalidIPAddress.InUse", `Address ${address.publicAddress} is in use.`);
  }
  delete state.addresses[address.allocationId];
  delete state.tags[address.allocationId];
  return {};
});

export const describeAddresses = action<ec2.DescribeAddressesRequest, ec2.DescribeAddressesResult>(
  ["AllocationIds", "PublicIps", "Filters"],
  (input, cloud) => {
    const { state } = cloud.store;
    const all = Object.values(state.addresses);
    const byId = (input.AllocationIds ?? []).map((id) => byAllocation(state, id));
    const byIp = (input.PublicIps ?? []).map((ip) => {
      const found = all.find((address) => address.publicAddress === ip);
      if (!found) throw notFound("address", ip);
      return found;
    });
    const named =
      input.AllocationIds?.length || input.PublicIps?.length ? [...new Set([...byId, ...byIp])] : all;
    const fields: Fields<ElasticAddress> = {
      "allocation-id": (address) => [address.allocationId],
      "association-id": (address) => [address.associationId],
      "public-ip": (address) => [address.publicAddress],
      "instance-id": (address) => [address.instanceId],
      domain: () => ["vpc"],
    };
    const found = select(named, input.Filters, fields, (address) => tagsOf(state, address.allocationId));
    return { Addresses: found.map((address) => addressView(cloud, address)) };
  },
);

/**
 * Moves an Elastic IP to an instance. It re-associates silently unless AllowReassociation is false, as
 * AssociateAddress does in a VPC; connections through it break at that moment.
 */
export const associateAddress = action<ec2.AssociateAddressRequest, ec2.AssociateAddressResult>(
  ["AllocationId", "InstanceId", "NetworkInterfaceId", "AllowReassociation"],
  async (input, cloud) => {
    const { state } = cloud.store;
    const address = byAllocation(state, input.AllocationId);
    const instance = target(state, input);
    if (address.instanceId === instance.id && address.associationId)
      return { AssociationId: address.associationId };
    const standing = Object.values(state.addresses).find((other) => other.instanceId === instance.id);
    if (input.AllowReassociation === false && (address.instanceId || standing)) {
      const [resource, by] = address.instanceId
        ? [address.allocationId, address.associationId]
        : [instance.networkInterfaceId, standing?.associationId];
      throw new AwsError(
        "Resource.AlreadyAssociated",
        `resource ${resource} is already associated with associate-id ${by}`,
      );
    }
    // An instance has one public address: the Elastic IP it had stands free, its own one is gone.
    if (standing) detach(standing);
    const left = address.instanceId ? state.instances[address.instanceId] : undefined;
    address.instanceId = instance.id;
    address.associationId = newId("eipassoc");
    cloud.fleet.assignAddress(instance);
    if (left) cloud.fleet.assignAddress(left);
    await cloud.store.save();
    await cloud.fleet.route();
    return { AssociationId: address.associationId };
  },
);

/** Frees an Elastic IP. Its instance gets an address of its own again if it was launched with one. */
export const disassociateAddress = action<ec2.DisassociateAddressRequest, object>(
  ["AssociationId", "PublicIp"],
  async (input, cloud) => {
    const { state } = cloud.store;
    if (!input.AssociationId && !input.PublicIp) throw missing("AssociationId");
    const address = Object.values(state.addresses).find((one) =>
      input.AssociationId ? one.associationId === input.AssociationId : one.publicAddress === input.PublicIp,
    );
    if (!address) {
      throw input.AssociationId
        ? notFound("association", input.AssociationId)
        : notFound("address", input.PublicIp ?? "");
    }
    const left = address.instanceId ? state.instances[address.instanceId] : undefined;
    detach(address);
    if (left) cloud.fleet.assignAddress(left);
    await cloud.store.save();
    await cloud.fleet.route();
    return {};
  },
);

function detach(address: ElasticAddress): void {
  delete address.instanceId;
  delete address.associationId;
}

function byAllocation(state: State, id: string | undefined): ElasticAddress {
  if (!id) throw missing("AllocationId");
  const address = state.addresses[id];
  if (!address) throw notFound("allocation", id);
  return address;
}

function target(state: State, input: ec2.AssociateAddressRequest): Instance {
  const nicId = input.NetworkInterfaceId;
  if (nicId && input.InstanceId) {
    throw new AwsError(
      "InvalidParameterCombination",
      "You may specify either an instance or a network interface, not both",
    );
  }
  const nic = nicId ? state.networkInterfaces[nicId] : undefined;
  if (nicId && !nic) throw notFound("networkInterface", nicId);
  const id = nic?.instanceId ?? input.InstanceId;
  if (!id) throw missing("InstanceId");
  const instance = state.instances[id];
  if (!instance) throw notFound("instance", id);
  if (instance.state !== "running" && instance.state !== "stopped") {
    throw new AwsError(
      "InvalidInstanceID",
      `The instance '${id}' is not in a valid state for this operation: it is ${instance.state}.`,
    );
  }
  return instance;
}
