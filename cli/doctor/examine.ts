import { causeText } from "../../lib/errors.ts";
import { placeProblems } from "../../stack/parameters.mjs";
import type { Target } from "../target.ts";
import { address } from "./address.ts";
import { buckets } from "./buckets.ts";
import { identify } from "./credentials.ts";
import { type Deployed, findDeployed } from "./deployed.ts";
import { dns } from "./dns.ts";
import { type Check, type Finding, problem, type Subject, type Told, warning } from "./finding.ts";
import { instanceType } from "./instance-type.ts";
import { Names } from "./names.ts";
import {
  defaultParameters,
  deployedParameters,
  type Parameters,
  parameters,
  wrongParameters,
} from "./parameters.ts";
import { quota } from "./quotas.ts";
import { region } from "./region.ts";
import { roles } from "./roles.ts";
import { stack } from "./stack.ts";
import { subscription } from "./subscription.ts";
import { hostedZone } from "./zone.ts";

/** Every check that asks AWS, in the order they are told. */
const checks: readonly Check[] = [
  region,
  stack,
  parameters,
  instanceType,
  quota,
  buckets,
  roles,
  address,
  hostedZone,
  dns,
  subscription,
];

export interface Questions {
  /** Values of `--param`. */
  readonly given: Parameters;
  /** The name server to ask, where it is not this machine's. */
  readonly resolver: string | undefined;
  /** Tell where a check failed that could not be made. */
  readonly verbose: boolean;
}

/** Looks at everything that a deployment needs, before the first one or later. Changes nothing. */
export async function examine(target: Target, { given, resolver, verbose }: Questions): Promise<Told[]> {
  const defaults = await defaultParameters();
  const offline = tell("parameters", wrongParameters({ ...defaults, ...given }));
  const misplaced = placeProblems(target).map((text) => problem(`The ${text}`));
  if (misplaced.length > 0) return [...tell("place", misplaced), ...offline];
  const { account, finding } = await identify(target.region);
  const credentials = tell("credentials", [finding]);
  // Without them nothing else can be asked.
  if (account === undefined) return [...credentials, ...offline];
  let deployed: Deployed | undefined;
  try {
    deployed = await findDeployed(target.stack);
  } catch (error) {
    // Every other check depends on whether there is a stack.
    return [...credentials, ...offline, ...tell(stack.name, [unanswered(error, verbose)])];
  }
  const subject: Subject = {
    ...target,
    ...{ account, deployed, given, defaults },
    parameters: { ...defaults, ...deployedParameters(deployed), ...given },
    names: new Names(resolver),
  };
  const told = await Promise.all(
    checks.map(async (check) => tell(check.name, await findings(check, subject, verbose))),
  );
  return [...credentials, ...told.flat()];
}

function tell(check: string, findings: readonly Finding[]): Told[] {
  return findings.map((one) => ({ check, ...one }));
}

async function findings(check: Check, subject: Subject, verbose: boolean): Promise<Finding[]> {
  try {
    return await check.run(subject);
  } catch (error) {
    return [unanswered(error, verbose)];
  }
}

/** AWS's names for "you may not"; some say it of one action, some in general. */
const DENIED = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|AuthorizationError\w*|403)$/;

function unanswered(error: unknown, verbose: boolean): Finding {
  if (error instanceof Error && DENIED.test(error.name)) {
    return warning(
      `This was not looked at, for the credentials do not allow it: ${error.message}`,
      "Ask with credentials that may look: docs/aws.md has a policy for who deploys.",
    );
  }
  const { stack } = error as { stack?: string };
  const cause = verbose && stack !== undefined ? stack : causeText(error);
  return problem(`This could not be looked at: ${cause}`, "Ask again; --verbose shows where it failed.");
}
