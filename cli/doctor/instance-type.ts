import {
  type _InstanceType,
  DescribeInstanceTypesCommand,
  DescribeSubnetsCommand,
  type InstanceTypeInfo,
  paginateDescribeInstanceTypeOfferings,
} from "@aws-sdk/client-ec2";
import { ec2 } from "../../lib/aws/ec2-client.ts";
import { type Deployed, physicalIds } from "./deployed.ts";
import { type Check, type Finding, ok, problem } from "./finding.ts";

const another = "Give another one with --param=instanceType=NAME, as t3.nano.";

/** The region has the instance type where the machines go, and the type boots the disks that we make. */
export const instanceType: Check = {
  name: "instance type",
  async run({ parameters, region, deployed }) {
    const name = parameters.instanceType ?? "";
    const type = await describe(name);
    if (type === undefined)
      return [problem(`The parameter instanceType: ${region} has no type "${name}".`, another)];
    const unfit = reasons(type);
    const suits =
      unfit.length === 0
        ? ok(`${name} is x86_64 on Nitro and boots UEFI`)
        : problem(
            `The parameter instanceType: ${name} cannot run the machine: ${unfit.join("; ")}.`,
            another,
          );
    return [suits, await offered(name, region, deployed)];
  },
};

async function describe(name: string): Promise<InstanceTypeInfo | undefined> {
  try {
    const InstanceTypes = [name as _InstanceType];
    return (await ec2().send(new DescribeInstanceTypesCommand({ InstanceTypes }))).InstanceTypes?.[0];
  } catch (error) {
    if (error instanceof Error && /^InvalidInstanceType|^InvalidParameterValue/.test(error.name))
      return undefined;
    throw error;
  }
}

/** Why a type cannot run the machine: an x86_64 program that boots by UEFI from NVMe and speaks ENA. Pure. */
export function reasons(type: InstanceTypeInfo): string[] {
  const architectures = type.ProcessorInfo?.SupportedArchitectures ?? [];
  const has = (support: string | undefined) => support === "required" || support === "supported";
  const needs: readonly [met: boolean, otherwise: string][] = [
    [
      architectures.includes("x86_64"),
      `it is ${architectures.join(", ")} and the machine is built for x86_64`,
    ],
    [type.SupportedBootModes?.includes("uefi") ?? false, "it does not boot by UEFI"],
    [type.Hypervisor === "nitro" || type.BareMetal === true, `it runs on ${type.Hypervisor}, not on Nitro`],
    [has(type.NetworkInfo?.EnaSupport), "it has no ENA network card"],
    [has(type.EbsInfo?.NvmeSupport), "it has no NVMe disks"],
  ];
  return needs.flatMap(([met, otherwise]) => (met ? [] : [otherwise]));
}

async function offered(name: string, region: string, deployed: Deployed | undefined): Promise<Finding> {
  const zones = new Set<string>();
  const query = {
    LocationType: "availability-zone" as const,
    Filters: [{ Name: "instance-type", Values: [name] }],
  };
  for await (const page of paginateDescribeInstanceTypeOfferings({ client: ec2() }, query))
    for (const { Location = "" } of page.InstanceTypeOfferings ?? []) zones.add(Location);
  const wanted = deployed && (await subnetZones(deployed));
  const missing = wanted?.filter((zone) => !zones.has(zone)) ?? [];
  const enough = wanted === undefined ? zones.size >= 2 : missing.length === 0;
  const list = [...zones].sort().join(", ");
  if (enough) return ok(`${name} is offered in ${list}`);
  const where = zones.size === 0 ? `in no zone of ${region}` : `only in ${list}`;
  const need =
    wanted === undefined ? "two zones are needed" : `the stack's subnets are in ${wanted.join(", ")}`;
  return problem(`The parameter instanceType: ${name} is offered ${where}; ${need}.`, another);
}

async function subnetZones(deployed: Deployed): Promise<string[]> {
  const SubnetIds = physicalIds(deployed, "AWS::EC2::Subnet");
  if (SubnetIds.length === 0) return [];
  const { Subnets } = await ec2().send(new DescribeSubnetsCommand({ SubnetIds }));
  return (Subnets ?? []).map(({ AvailabilityZone }) => AvailabilityZone ?? "");
}
