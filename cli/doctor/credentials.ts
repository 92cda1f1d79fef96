import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { sts } from "../clients/sts-client.ts";
import { type Finding, ok, problem } from "./finding.ts";

/** Whose credentials these are; `account` is undefined when they are of no use. */
export interface Identity {
  readonly account: string | undefined;
  readonly finding: Finding;
}

/** Asks AWS who it takes us for: the one call that every credential may make. */
export async function identify(region: string): Promise<Identity> {
  try {
    const { Account, Arn } = await sts().send(new GetCallerIdentityCommand({}));
    return { account: Account, finding: ok(`account ${Account}, as ${Arn}`) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { account: undefined, finding: explain(error, region) };
  }
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html */
function explain(error: Error, region: string): Finding {
  const { name, message } = error;
  const { code = "" } = error as NodeJS.ErrnoException;
  if (name === "RequestTimeTooSkewed" || /^Signature (expired|not yet current)/.test(message)) {
    return problem(
      `This machine's clock is wrong, and AWS refuses what is signed by it: ${message}`,
      "Set the clock (timedatectl set-ntp true), then ask again.",
    );
  }
  if (/Expired/.test(name) || /expired/i.test(message)) {
    return problem(
      `The credentials have expired: ${message}`,
      "Sign in again (aws sso login, or new keys in the profile or the environment), then ask again.",
    );
  }
  if (name === "CredentialsProviderError") {
    return problem(
      `There are no credentials: ${message}`,
      "Sign in (aws configure, aws sso login), name a profile with --profile, or set AWS_ACCESS_KEY_ID and " +
        "AWS_SECRET_ACCESS_KEY. For the local cloud: --local.",
    );
  }
  if (name === "InvalidClientTokenId" || name === "SignatureDoesNotMatch") {
    return problem(
      `AWS refuses the credentials: ${message}`,
      "Look whether the access key exists, is active, and stands beside its own secret. A region that the account " +
        `has not enabled refuses every key as well: is ${region} enabled?`,
    );
  }
  if (["ENOTFOUND", "EAI_AGAIN"].includes(code) || /not a valid hostname component/.test(message)) {
    return problem(
      `AWS has no endpoint for the region "${region}" that this machine finds: ${message}`,
      "Give a region that there is with --region, as eu-central-1, and look whether this machine is online.",
    );
  }
  return problem(
    `AWS cannot be asked: ${name}: ${message}`,
    "Look whether the endpoint and the network are as they should be, then ask again.",
  );
}
