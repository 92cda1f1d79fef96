import { S3Client } from "@aws-sdk/client-s3";
import { client } from "./client-options.ts";

export const s3 = client(S3Client);
