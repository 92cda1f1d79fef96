import { accountId } from "../account.ts";
import { mostAddresses } from "../ec2/actions/addresses.ts";
import { accountConcurrency } from "../lambda/functions.ts";
import type { Service } from "../service.ts";
import { AwsError } from "../service.ts";
import { text } from "../wire/members.ts";
import { jsonService } from "../wire/services.ts";

/** What the local cloud enforces where it enforces something, else what AWS gives an account at first. */
const quotas: Readonly<Record<string, readonly [name: string, value: number]>> = {
  "ec2/L-0263D0A3": ["EC2-VPC Elastic IPs", mostAddresses],
  "ec2/L-1216C47A": ["Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 32],
  "vpc/L-F678F1CE": ["VPCs per Region", 5],
  "codebuild/L-2DC20C30": ["Concurrently running builds for Linux/Medium environment", 1],
  "lambda/L-B99A9384": ["Concurrent executions", accountConcurrency],
};

/** Service Quotas, as far as asking for one. */
export function quotasService(): Service {
  return jsonService(["servicequotas"], "1.1", {
    GetServiceQuota: (input, { region }) => {
      const ServiceCode = text(input, "ServiceCode");
      const QuotaCode = text(input, "QuotaCode");
      const known = quotas[`${ServiceCode}/${QuotaCode}`];
      if (known === undefined) {
        throw new AwsError("NoSuchResourceException", "The request failed because the quota is unknown.");
      }
      const [QuotaName, Value] = known;
      const QuotaArn = `arn:aws:servicequotas:${region}:${accountId}:${ServiceCode}/${QuotaCode}`;
      return {
        Quota: { ServiceCode, QuotaCode, QuotaArn, QuotaName, Value, Unit: "None", Adjustable: true },
      };
    },
  });
}
