import { EBSClient } from "@aws-sdk/client-ebs";
import { client } from "./client-options.ts";

export const ebs = client(EBSClient);
