import { ListProjectsCommand } from "@aws-sdk/client-codebuild";
import { DescribeAvailabilityZonesCommand, DescribeRegionsCommand } from "@aws-sdk/client-ec2";
import { ListStateMachinesCommand } from "@aws-sdk/client-sfn";
import { codebuild } from "../../lib/aws/codebuild-client.ts";
import { ec2 } from "../../lib/aws/ec2-client.ts";
import { sfn } from "../../lib/aws/sfn-client.ts";
import { type Check, type Finding, ok, problem } from "./finding.ts";

/** The region exists, the account may use it, it has two zones and the services that not every region has. */
export const region: Check = {
  name: "region",
  async run({ region }) {
    const { Regions } = await ec2().send(
      new DescribeRegionsCommand({
        AllRegions: true,
        Filters: [{ Name: "region-name", Values: [region] }],
      }),
    );
    const found = Regions?.[0];
    if (found === undefined)
      return [problem(`AWS knows no region "${region}".`, "Give another one with --region.")];
    if (found.OptInStatus === "not-opted-in") {
      return [
        problem(
          `The region ${region} is not enabled in this account.`,
          "Enable it under Account, AWS Regions in the console, or give another one with --region.",
        ),
      ];
    }
    return Promise.all([zones(region), ...services(region)]);
  },
};

async function zones(region: string): Promise<Finding> {
  const { AvailabilityZones } = await ec2().send(
    new DescribeAvailabilityZonesCommand({
      Filters: [
        { Name: "state", Values: ["available"] },
        { Name: "zone-type", Values: ["availability-zone"] },
      ],
    }),
  );
  const count = AvailabilityZones?.length ?? 0;
  if (count >= 2) return ok(`${region} is enabled and has ${count} zones`);
  return problem(
    `The region ${region} has ${count} zone available to this account; the stack's network takes two.`,
    "Give another region with --region.",
  );
}

function services(region: string): Promise<Finding>[] {
  return [
    answers(region, "CodeBuild", () => codebuild().send(new ListProjectsCommand({}))),
    answers(region, "Step Functions", () => sfn().send(new ListStateMachinesCommand({ maxResults: 1 }))),
  ];
}

/** Any answer of a service, a refusal too, says that the region has it. */
async function answers(region: string, service: string, ask: () => Promise<unknown>): Promise<Finding> {
  try {
    await ask();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOTFOUND") {
      return problem(`The region ${region} has no ${service}.`, "Give another region with --region.");
    }
    const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
    if ($metadata?.httpStatusCode === undefined) throw error;
  }
  return ok(`${service} answers in ${region}`);
}
