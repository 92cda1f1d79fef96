import { Route53Client } from "@aws-sdk/client-route-53";
import { client } from "./client-options.ts";

export const route53 = client(Route53Client);
