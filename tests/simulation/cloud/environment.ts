import type { Choices } from "../choices.ts";
import type { SimulatedEc2 } from "./ec2.ts";
import { type DeclaredStack, machineArn } from "./stack.ts";

/** What of the stack is known only once it is up. */
export interface StackParts {
  readonly address: string;
  readonly allocationId: string;
  readonly environment: Readonly<Record<string, string>>;
}

const STACK = "simulated";
const ANYWHERE = "0.0.0.0/0";

/**
 * Makes the network of stack/network.yml and the value of every environment variable that serverless.yml gives to a
 * function. Throws when it gives one that has no value here.
 */
export async function environmentOf(
  declared: DeclaredStack,
  choices: Choices,
  ec2: SimulatedEc2,
): Promise<StackParts> {
  const vpc = await ec2.provision("AWS::EC2::VPC", { CidrBlock: "10.0.0.0/16" });
  const subnets = ["10.0.0.0/24", "10.0.1.0/24"].map((CidrBlock) =>
    ec2.provision("AWS::EC2::Subnet", { CidrBlock, VpcId: vpc.ref }),
  );
  const port = (FromPort: number) => ({ IpProtocol: "tcp", FromPort, ToPort: FromPort, CidrIp: ANYWHERE });
  const group = await ec2.provision("AWS::EC2::SecurityGroup", {
    GroupDescription: "The site",
    VpcId: vpc.ref,
    SecurityGroupIngress: [port(80), port(443)],
  });
  const { attributes } = await ec2.provision("AWS::EC2::EIP", { Domain: "vpc" });
  const { AllocationId: allocationId = "", PublicIp: address = "" } = attributes;
  const values: Readonly<Record<string, string>> = {
    STACK,
    CONTENT_BUCKET: "simulated-content",
    STATE_BUCKET: "simulated-state",
    DEPLOY_MACHINE: machineArn("deploy"),
    RETIRE_MACHINE: machineArn("retire"),
    CERTIFICATE_MACHINE: machineArn("certificate"),
    BUILD_PROJECT: "simulated-build",
    TOPIC: "arn:aws:sns:us-east-1:000000000000:simulated",
    SITE_ADDRESS: address,
    ADDRESS_ALLOCATION: allocationId,
    SUBNETS: (await Promise.all(subnets)).map(({ ref }) => ref).join(","),
    SECURITY_GROUP: group.attributes.GroupId ?? "",
    INSTANCE_TYPE: "t3.nano",
    IMPORT_MODE: choices.importMode,
    IMPORT_ROLE: "simulated-import",
    // No authority: what the certificate machine does here is to renew the self-signed one.
    ...{ ACME: "none", ACME_ROOT: "", PROFILE: "", RESOLVER: "", HOSTED_ZONE: "" },
    CHALLENGE_URL: "https://answer.simulated",
    SITE_NAMES: choices.named ? "example.org www.example.org" : "",
    ACCESS_LOG: "off",
    ALLOW_EMPTY: String(choices.allowEmpty),
    SETTLE_SECONDS: String(choices.settleSeconds),
    BOOT_SECONDS: String(choices.bootSeconds),
    DRAIN_SECONDS: String(choices.drainSeconds),
    KEEP_RELEASES: String(choices.keep),
    BACKEND: "linux",
    BUILD: choices.buildAlways ? "always" : "changed",
  };
  for (const { name, variables } of declared.functions) {
    const unknown = variables.find((variable) => !Object.hasOwn(values, variable));
    if (unknown !== undefined) {
      throw new Error(
        `tests/simulation/cloud/environment.ts has no value for ${unknown}, which ${name} gets.`,
      );
    }
  }
  return { address, allocationId, environment: values };
}
