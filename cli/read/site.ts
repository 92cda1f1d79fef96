import { objectStore } from "../../lib/aws/bucket.ts";
import type { ObjectStore } from "../../lib/objects.ts";
import { isAllThatIsKept } from "../../lib/releases/retention.ts";
import { type Past, rollbackTargets } from "../../lib/releases/rollback.ts";
import { readLive, readReleases } from "../../lib/releases/stored.ts";
import { findOutputs } from "../doctor/deployed.ts";
import { CommandFailed } from "../failure.ts";
import type { Target } from "../target.ts";

export type MachineName = "deploy" | "retire" | "certificate";

/** Where everything of a site is, as its stack's outputs tell. Nothing here changes while a command runs. */
export interface Site {
  readonly stack: string;
  readonly region: string;
  readonly url: string;
  /** The address that DNS is to point at. */
  readonly address: string;
  readonly contentBucket: string;
  readonly stateBucket: string;
  /** The records: live.json, releases, requests. */
  readonly store: ObjectStore;
  /** ARNs of the state machines. */
  readonly machines: Readonly<Record<MachineName, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** The records of what was deployed. */
export interface Records {
  /** Undefined before the first release. */
  readonly live: Past["live"] | undefined;
  /** Newest first. */
  readonly releases: Past["releases"];
  /** How many releases are kept beside the live one. */
  readonly keep: number;
}

/**
 * Finds a deployed stack, and lets this process ask for deployments as the stack's functions do. Throws
 * CommandFailed where there is no stack, or no credentials to ask with.
 */
export async function openSite(target: Target): Promise<Site> {
  const { stack, region } = target;
  const outputs = await outputsOf(target);
  const { StateBucket = "", ContentBucket = "", DeployMachine = "", SiteAddress = "" } = outputs;
  Object.assign(process.env, { STACK: stack, STATE_BUCKET: StateBucket, DEPLOY_MACHINE: DeployMachine });
  const { domain = SiteAddress } = given(outputs);
  const machine = (name: MachineName) => DeployMachine.replace(/-deploy$/, `-${name}`);
  return {
    stack,
    region,
    url: `https://${domain}/`,
    address: SiteAddress,
    contentBucket: ContentBucket,
    stateBucket: StateBucket,
    store: objectStore(StateBucket),
    machines: {
      deploy: DeployMachine,
      retire: machine("retire"),
      certificate: machine("certificate"),
    },
    outputs,
  };
}

async function outputsOf({ stack, region }: Target): Promise<Site["outputs"]> {
  try {
    const outputs = await findOutputs(stack);
    if (outputs?.StateBucket !== undefined && outputs.DeployMachine !== undefined) return outputs;
  } catch (error) {
    const { account, text } = await whoWeAre(region);
    if (account === undefined) throw new CommandFailed(text);
    throw error;
  }
  const { account, text } = await whoWeAre(region);
  throw new CommandFailed(
    account === undefined
      ? text
      : `There is no stack ${stack} in ${region} of account ${account}. Make it (npx serverless deploy, in a checkout), or name ` +
          "another place: --region, --stage, --profile; --local for the local cloud.",
  );
}

/** Asked only where something is wrong: a call less where nothing is. */
async function whoWeAre(region: string): Promise<{ account: string | undefined; text: string }> {
  const { identify } = await import("../doctor/credentials.ts");
  const { account, finding } = await identify(region);
  return { account, text: [finding.text, finding.todo ?? []].flat().join("\n") };
}

/** The parameters of the stack that are no defaults. */
function given(outputs: Site["outputs"]): Readonly<Record<string, string>> {
  return JSON.parse(outputs.Parameters ?? "{}") as Record<string, string>;
}

/** All parameters of the stack: those given, and serverless.yml's defaults for the others. */
export async function parametersOf({ outputs }: Site): Promise<Readonly<Record<string, string>>> {
  const { defaultParameters } = await import("../doctor/parameters.ts");
  return { ...(await defaultParameters()), ...given(outputs) };
}

/** Reads what was deployed, the newest `count` releases at least, and what is kept. */
export async function recordsOf(site: Site, count = 0): Promise<Records> {
  const [found, parameters] = await Promise.all([readLive(site.store), parametersOf(site)]);
  const live = found?.value;
  const keep = Number(parameters.keep);
  const releases = await readReleases(
    site.store,
    (some) => some.length >= count && isAllThatIsKept({ live, releases: some, keep }),
  );
  return { live, releases, keep };
}

/** What a rollback can go to from the release that is live. Throws CommandFailed before the first release. Pure. */
export function pastOf({ live, releases, keep }: Records): Past {
  if (live !== undefined) return { live, releases, keep };
  throw new CommandFailed("Nothing is live yet: upload a site first, which deploys it.");
}

/** The numbers of the releases that a rollback can go to, the last live one first. Pure. */
export function keptNumbers({ live, releases, keep }: Records): number[] {
  return live === undefined ? [] : rollbackTargets({ live, releases, keep }).map(({ number }) => number);
}
