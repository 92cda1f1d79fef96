import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { client } from "./client-options.ts";

export const logs = client(CloudWatchLogsClient);
