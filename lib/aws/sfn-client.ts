import { SFNClient } from "@aws-sdk/client-sfn";
import { client } from "./client-options.ts";

export const sfn = client(SFNClient);
