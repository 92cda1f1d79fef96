import { LambdaClient } from "@aws-sdk/client-lambda";
import { client } from "../../lib/aws/client-options.ts";

export const lambda = client(LambdaClient);
