import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { IAMClient } from "@aws-sdk/client-iam";
import { Route53Client } from "@aws-sdk/client-route-53";
import { ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { STSClient } from "@aws-sdk/client-sts";
import { client } from "../lib/aws/client-options.ts";

/** Clients of services that the command line asks and the functions do not. */
export const cloudFormation = client(CloudFormationClient);
export const iam = client(IAMClient);
export const route53 = client(Route53Client);
export const serviceQuotas = client(ServiceQuotasClient);
export const sts = client(STSClient);
