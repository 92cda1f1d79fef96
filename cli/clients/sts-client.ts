import { STSClient } from "@aws-sdk/client-sts";
import { client } from "../../lib/aws/client-options.ts";

export const sts = client(STSClient);
