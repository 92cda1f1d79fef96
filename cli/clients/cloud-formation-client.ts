import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { client } from "../../lib/aws/client-options.ts";

export const cloudFormation = client(CloudFormationClient);
