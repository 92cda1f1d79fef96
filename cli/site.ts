import { objectStore } from "../lib/aws/bucket.ts";
import { type Live, type Release, readLive, readReleases } from "../lib/records.ts";
import { type Past, rollbackTargets } from "../lib/rollback.ts";
import { identify } from "./doctor/credentials.ts";
import { findOutputs } from "./doctor/deployed.ts";
import { defaultParameters, deployedParameters, siteNames } from "./doctor/parameters.ts";
import { CommandFailed } from "./failure.ts";
import type { Target } from "./target.ts";

/** A site as its stack's outputs and records tell of it. */
export interface Site {
  readonly url: string;
  readonly stateBucket: string;
  /** ARN of the state machine of deployments. */
  readonly deployMachine: string;
  /** Undefined before the first release. */
  readonly live: Live | undefined;
  /** Newest first. */
  readonly releases: readonly Release[];
  /** How many releases are kept beside the live one. */
  readonly keep: number;
}

/**
 * Reads the records of a deployed stack, and lets this process ask for deployments as the stack's functions do.
 * Throws CommandFailed where there is no stack, or no credentials to ask with.
 */
export async function openSite({ stack, region }: Target): Promise<Site> {
  const { account, finding } = await identify(region);
  if (account === undefined) throw new CommandFailed(`${finding.text} ${finding.todo ?? ""}`);
  const outputs = await findOutputs(stack);
  const { StateBucket, DeployMachine, SiteAddress } = outputs ?? {};
  if (outputs === undefined || StateBucket === undefined || DeployMachine === undefined) {
    throw new CommandFailed(
      `There is no stack ${stack} in ${region} of account ${account}. Deploy it (npx serverless deploy), or name ` +
        "another place: --region, --stage, --profile; --local for the local cloud.",
    );
  }
  Object.assign(process.env, { STATE_BUCKET: StateBucket, DEPLOY_MACHINE: DeployMachine });
  const parameters = { ...(await defaultParameters()), ...deployedParameters({ outputs }) };
  const store = objectStore(StateBucket);
  return {
    url: `https://${siteNames(parameters)[0] ?? SiteAddress}/`,
    stateBucket: StateBucket,
    deployMachine: DeployMachine,
    live: (await readLive(store))?.value,
    releases: await readReleases(store),
    keep: Number(parameters.keep),
  };
}

/** What a rollback can go to from the release that is live. Throws CommandFailed before the first release. */
export function pastOf({ live, releases, keep }: Site): Past {
  if (live !== undefined) return { live, releases, keep };
  throw new CommandFailed("Nothing is live yet: upload a site first, which deploys it.");
}

/** The numbers of the releases that a rollback can go to, the last live one first. */
export function keptNumbers({ live, releases, keep }: Site): number[] {
  return live === undefined ? [] : rollbackTargets({ live, releases, keep }).map(({ number }) => number);
}
