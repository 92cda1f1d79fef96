import { DescribeAddressesCommand, DescribeInstancesCommand, type Tag } from "@aws-sdk/client-ec2";
import { ec2 } from "../../lib/aws/ec2-client.ts";
import { TAG_STACK, tagValue } from "../../lib/aws/names.ts";
import { physicalIds } from "./deployed.ts";
import { type Check, type Finding, ok, problem, type Subject } from "./finding.ts";

/** The site's address is still the account's, and nothing that is not the stack's has it. */
export const address: Check = {
  name: "address",
  run: async (subject) => (subject.deployed === undefined ? [] : [await look(subject)]),
};

/** The address of the site once the stack is there. */
export function siteAddress({ deployed }: Subject): string | undefined {
  return deployed && physicalIds(deployed, "AWS::EC2::EIP")[0];
}

async function look(subject: Subject): Promise<Finding> {
  const ip = siteAddress(subject) ?? "";
  const { Addresses } = await ec2().send(
    new DescribeAddressesCommand({ Filters: [{ Name: "public-ip", Values: [ip] }] }),
  );
  const found = Addresses?.[0];
  if (found === undefined) {
    return problem(
      `The site's address ${ip} was released: the account does not have it any more.`,
      "Remove the stack and deploy it again, then point the domain at its new address.",
    );
  }
  if (found.AssociationId === undefined) return ok(`${ip} is the stack's, and associated with nothing yet`);
  const holder = found.InstanceId ?? found.NetworkInterfaceId ?? "something";
  const tags = found.InstanceId === undefined ? undefined : await instanceTags(found.InstanceId);
  if (tagValue(tags, TAG_STACK) === subject.stack) return ok(`${ip} is on the stack's machine ${holder}`);
  return problem(
    `The site's address ${ip} is associated with ${holder}, which this stack did not launch.`,
    "Every deployment is refused until it is free, for it is never taken away: " +
      `aws ec2 disassociate-address --association-id ${found.AssociationId} --region ${subject.region}`,
  );
}

async function instanceTags(instanceId: string): Promise<Tag[] | undefined> {
  const { Reservations } = await ec2().send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
  return Reservations?.[0]?.Instances?.[0]?.Tags;
}
