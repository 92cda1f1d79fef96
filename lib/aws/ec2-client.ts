import { EC2Client } from "@aws-sdk/client-ec2";
import { client } from "./client-options.ts";

export const ec2 = client(EC2Client);
