import { CodeBuildClient } from "@aws-sdk/client-codebuild";
import { client } from "./client-options.ts";

export const codebuild = client(CodeBuildClient);
