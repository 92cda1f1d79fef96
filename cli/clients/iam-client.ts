import { IAMClient } from "@aws-sdk/client-iam";
import { client } from "../../lib/aws/client-options.ts";

export const iam = client(IAMClient);
