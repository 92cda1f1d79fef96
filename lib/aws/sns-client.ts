import { SNSClient } from "@aws-sdk/client-sns";
import { client } from "./client-options.ts";

export const sns = client(SNSClient);
