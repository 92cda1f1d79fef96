import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";
import { action } from "../cloud.ts";
import { type Fields, paginate, select } from "../select.ts";
import { type InstanceType, instanceTypes, isOffered } from "../types.ts";

const noTags = () => ({});

/** The zones that a region has here: a and b. */
export function zonesOf(region: string): string[] {
  return [`${region}a`, `${region}b`];
}

export const describeRegions = action<ec2.DescribeRegionsRequest, ec2.DescribeRegionsResult>(
  ["RegionNames", "Filters", "AllRegions"],
  (input, _cloud, caller) => {
    const named = input.RegionNames?.length ? input.RegionNames : [caller.region];
    const unknown = named.find((name) => name !== caller.region);
    if (unknown) {
      throw new AwsError(
        "InvalidParameterValue",
        `Invalid region provided: ${unknown}. Here is ${caller.region} only.`,
      );
    }
    const found = select(named, input.Filters, { "region-name": (name) => [name] }, noTags);
    return {
      Regions: found.map((RegionName) => ({
        RegionName,
        Endpoint: `ec2.${RegionName}.amazonaws.com`,
        OptInStatus: "opt-in-not-required",
      })),
    };
  },
);

export const describeAvailabilityZones = action<
  ec2.DescribeAvailabilityZonesRequest,
  ec2.DescribeAvailabilityZonesResult
>(["ZoneNames", "Filters", "AllAvailabilityZones"], (input, _cloud, { region }) => {
  const zones = zonesOf(region);
  const unknown = input.ZoneNames?.find((name) => !zones.includes(name));
  if (unknown) throw new AwsError("InvalidParameterValue", `Invalid availability zone: [${unknown}]`);
  const fields: Fields<string> = {
    "zone-name": (zone) => [zone],
    "region-name": () => [region],
    state: () => ["available"],
    "zone-type": () => ["availability-zone"],
    "opt-in-status": () => ["opt-in-not-required"],
  };
  const found = select(input.ZoneNames?.length ? input.ZoneNames : zones, input.Filters, fields, noTags);
  return {
    AvailabilityZones: found.map((ZoneName) => ({
      ZoneName,
      ZoneId: `${ZoneName.slice(0, -1)}-az${ZoneName.charCodeAt(ZoneName.length - 1) - 96}`,
      ZoneType: "availability-zone",
      RegionName: region,
      GroupName: region,
      NetworkBorderGroup: region,
      State: "available" as const,
      OptInStatus: "opt-in-not-required" as const,
      Messages: [],
    })),
  };
});

export const describeInstanceTypes = action<
  ec2.DescribeInstanceTypesRequest,
  ec2.DescribeInstanceTypesResult
>(["InstanceTypes", "Filters", "MaxResults", "NextToken"], (input) => {
  const named = input.InstanceTypes?.length
    ? input.InstanceTypes.map((name) => known(name))
    : [...instanceTypes.values()];
  const fields: Fields<InstanceType> = {
    "instance-type": (type) => [type.name],
    "processor-info.supported-architecture": (type) => [...type.architectures],
    "supported-boot-mode": (type) => [...type.bootModes],
    hypervisor: (type) => [type.hypervisor],
  };
  const page = paginate(select(named, input.Filters, fields, noTags), input.MaxResults, input.NextToken);
  return { InstanceTypes: page.items.map(typeView), NextToken: page.next };
});

function known(name: string): InstanceType {
  const type = instanceTypes.get(name);
  if (!type) {
    throw new AwsError(
      "InvalidInstanceType",
      `The following supplied instance types do not exist: [${name}]`,
    );
  }
  return type;
}

function typeView(type: InstanceType): ec2.InstanceTypeInfo {
  // Xen's types that are here (t2) have neither ENA nor NVMe.
  const support = type.hypervisor === "nitro" ? "required" : "unsupported";
  return {
    InstanceType: type.name as ec2._InstanceType,
    CurrentGeneration: type.hypervisor === "nitro",
    BareMetal: false,
    BurstablePerformanceSupported: type.burstable,
    Hypervisor: type.hypervisor,
    ProcessorInfo: { SupportedArchitectures: [...type.architectures] },
    VCpuInfo: { DefaultVCpus: type.vcpus },
    MemoryInfo: { SizeInMiB: type.memoryMiB },
    SupportedBootModes: [...type.bootModes],
    SupportedRootDeviceTypes: ["ebs"],
    SupportedVirtualizationTypes: ["hvm"],
    NetworkInfo: { EnaSupport: support, MaximumNetworkInterfaces: 2 },
    EbsInfo: { EncryptionSupport: "supported", NvmeSupport: support },
  };
}

export const describeInstanceTypeOfferings = action<
  ec2.DescribeInstanceTypeOfferingsRequest,
  ec2.DescribeInstanceTypeOfferingsResult
>(["LocationType", "Filters", "MaxResults", "NextToken"], (input, _cloud, { region }) => {
  const byZone = input.LocationType === "availability-zone";
  const all = (byZone ? zonesOf(region) : [region]).flatMap((location) =>
    [...instanceTypes.values()]
      .filter((type) => !byZone || isOffered(type, location))
      .map((type) => ({ location, type: type.name })),
  );
  const fields: Fields<(typeof all)[number]> = {
    location: (offering) => [offering.location],
    "instance-type": (offering) => [offering.type],
  };
  const page = paginate(select(all, input.Filters, fields, noTags), input.MaxResults, input.NextToken);
  const InstanceTypeOfferings = page.items.map(({ location, type }) => ({
    InstanceType: type as ec2._InstanceType,
    LocationType: byZone ? ("availability-zone" as const) : ("region" as const),
    Location: location,
  }));
  return { InstanceTypeOfferings, NextToken: page.next };
});
