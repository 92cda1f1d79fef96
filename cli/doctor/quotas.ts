import {
  DescribeAddressesCommand,
  paginateDescribeInstances,
  paginateDescribeInstanceTypes,
  paginateDescribeVpcs,
} from "@aws-sdk/client-ec2";
import { GetAWSDefaultServiceQuotaCommand, GetServiceQuotaCommand } from "@aws-sdk/client-service-quotas";
import { ec2 } from "../../lib/aws/ec2-client.ts";
import { serviceQuotas } from "../clients/service-quotas-client.ts";
import { type Check, type Finding, ok, problem } from "./finding.ts";

interface Quota {
  readonly what: string;
  readonly service: string;
  readonly code: string;
  /** How many the account has in use now; undefined where only the quota counts. */
  readonly used?: () => Promise<number>;
  /** How many more the stack takes; for some it depends on the instance type. */
  readonly more: Need | ((instanceType: string) => Promise<Need>);
}

/** What a first deploy takes, and a stack that is deployed while it changes machines. */
interface Need {
  readonly first: number;
  readonly later: number;
}

/** The families that share the quota of vCPUs; each of the others has one of its own. */
const STANDARD = /^([acdhmrtz]|i[ms]?)\d/;

/** Codes: `aws service-quotas list-service-quotas --service-code ec2`. */
const quotas: readonly Quota[] = [
  {
    ...{ what: "Elastic IP addresses", service: "ec2", code: "L-0263D0A3" },
    used: async () => (await ec2().send(new DescribeAddressesCommand({}))).Addresses?.length ?? 0,
    more: { first: 1, later: 0 },
  },
  {
    ...{ what: "VPCs", service: "vpc", code: "L-F678F1CE", used: countVpcs },
    more: { first: 1, later: 0 },
  },
  {
    // The old machine and the new one run side by side.
    ...{ what: "vCPUs of running instances", service: "ec2", code: "L-1216C47A", used: countVcpus },
    more: async (type) => {
      const one = await countOf(STANDARD.test(type) ? [type] : []);
      return { first: 2 * one, later: one };
    },
  },
  {
    ...{ what: "concurrent builds (Linux/Medium)", service: "codebuild", code: "L-2DC20C30" },
    more: { first: 1, later: 1 },
  },
  {
    // Two for uploads' events, one for each state, one for reconcile, and room for others of the account.
    ...{ what: "concurrent Lambda functions", service: "lambda", code: "L-B99A9384" },
    more: { first: 10, later: 10 },
  },
];

/** The account has room for what the stack makes. */
export const quota: Check = {
  name: "quotas",
  run: ({ deployed, region, parameters }) => {
    const step = deployed === undefined ? "first" : "later";
    const { instanceType = "" } = parameters;
    return Promise.all(
      quotas.map(async ({ what, service, code, used, more }) => {
        const [limit, inUse, need] = await Promise.all([
          limitOf(service, code),
          used?.(),
          typeof more === "function" ? more(instanceType) : more,
        ]);
        return judge({ what, service, code, limit, inUse, more: need[step], region });
      }),
    );
  },
};

interface Measured {
  readonly what: string;
  readonly service: string;
  readonly code: string;
  readonly limit: number;
  readonly inUse: number | undefined;
  readonly more: number;
  readonly region: string;
}

/** What a quota, its use and the need of a deployment come to. Pure. */
export function judge({ what, service, code, limit, inUse, more, region }: Measured): Finding {
  const state = inUse === undefined ? `${limit}` : `${inUse} of ${limit} in use`;
  if ((inUse ?? 0) + more <= limit) return ok(`${what}: ${state}`);
  return problem(
    `Too few ${what} in ${region}: ${state}, and the stack takes ${more}${inUse === undefined ? "" : " more"}.`,
    `${inUse === undefined ? "Ask" : "Give some back, or ask"} for a higher quota: aws service-quotas ` +
      `request-service-quota-increase --service-code ${service} --quota-code ${code} ` +
      `--desired-value ${(inUse ?? 0) + more} --region ${region}`,
  );
}

/** An account that never asked for another value has only the default one. */
async function limitOf(ServiceCode: string, QuotaCode: string): Promise<number> {
  const query = { ServiceCode, QuotaCode };
  try {
    return (await serviceQuotas().send(new GetServiceQuotaCommand(query))).Quota?.Value ?? 0;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "NoSuchResourceException") throw error;
    return (await serviceQuotas().send(new GetAWSDefaultServiceQuotaCommand(query))).Quota?.Value ?? 0;
  }
}

async function countVpcs(): Promise<number> {
  let count = 0;
  for await (const page of paginateDescribeVpcs({ client: ec2() }, {})) count += page.Vpcs?.length ?? 0;
  return count;
}

/** The quota counts the vCPUs of instances that run or are about to, of the standard families. */
async function countVcpus(): Promise<number> {
  const types: string[] = [];
  const Filters = [{ Name: "instance-state-name", Values: ["pending", "running"] }];
  for await (const page of paginateDescribeInstances({ client: ec2() }, { Filters })) {
    const instances = (page.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
    types.push(
      ...instances.filter(({ InstanceLifecycle }) => !InstanceLifecycle).map((one) => one.InstanceType ?? ""),
    );
  }
  return countOf(types.filter((type) => STANDARD.test(type)));
}

/** The vCPUs of machines of some types together. */
async function countOf(types: readonly string[]): Promise<number> {
  const vcpus = await vcpusOf(new Set(types));
  return types.reduce((sum, type) => sum + (vcpus.get(type) ?? 0), 0);
}

async function vcpusOf(types: ReadonlySet<string>): Promise<Map<string, number>> {
  const vcpus = new Map<string, number>();
  if (types.size === 0) return vcpus;
  const Filters = [{ Name: "instance-type", Values: [...types] }];
  for await (const page of paginateDescribeInstanceTypes({ client: ec2() }, { Filters })) {
    for (const { InstanceType = "", VCpuInfo } of page.InstanceTypes ?? [])
      vcpus.set(InstanceType, VCpuInfo?.DefaultVCpus ?? 0);
  }
  return vcpus;
}
