import type { State } from "../ec2/state.ts";
import type { Caller, Protocol } from "../service.ts";
import type { ApiCall, Demands } from "./demands.ts";
import { demand } from "./demands.ts";
import type { Directory } from "./directory.ts";
import { ebsDemands } from "./ebs-demands.ts";
import { ec2Demands } from "./ec2-demands.ts";
import { refusal, unmapped } from "./errors.ts";
import type { Question, Verdict } from "./evaluate.ts";
import { evaluate } from "./evaluate.ts";
import * as others from "./other-demands.ts";
import { route53Demands } from "./route53-demands.ts";
import { s3Demands } from "./s3-demands.ts";

/** One permission that a role's call needed, and what its policies said. */
export interface Decision {
  readonly role: string;
  readonly question: Question;
  readonly verdict: Verdict;
}

export interface AuthorizerOptions {
  readonly directory: Directory;
  /** What EC2 has, for the tags that conditions ask about. */
  readonly ec2: Readonly<State>;
  /** Told of every decision, refusals too. */
  readonly onDecision?: ((decision: Decision) => void) | undefined;
}

/** Decides by the roles' policies, as they are at that moment, who may call what. The person may do everything. */
export class Authorizer {
  private readonly options: AuthorizerOptions;
  private readonly demands: ReadonlyMap<string, Demands>;

  constructor(options: AuthorizerOptions) {
    this.options = options;
    this.demands = new Map<string, Demands>([
      ["codebuild", others.codeBuildDemands],
      ["ebs", ebsDemands(options.ec2)],
      ["ec2", ec2Demands(options.ec2)],
      ["lambda", others.lambdaDemands],
      ["logs", others.logsDemands],
      ["route53", route53Demands],
      ["s3", s3Demands],
      ["sns", others.snsDemands],
      ["sqs", others.sqsDemands],
      ["states", others.statesDemands],
      ["sts", others.stsDemands],
    ]);
  }

  /**
   * Lets a call pass when its caller has every permission that AWS asks for it.
   * Throws the service's own error for missing permissions; PolicyNotUnderstood.
   */
  check(call: ApiCall, protocol: Protocol): void {
    const { caller, service, action } = call;
    if (caller.arn === this.options.directory.personArn) return;
    const questions = this.demands.get(service)?.(call);
    if (questions === undefined) throw unmapped(service, protocol, action);
    for (const question of questions) {
      const { effect } = this.decide(caller, question);
      if (effect === "allow") continue;
      const explicit = effect === "explicit deny";
      throw refusal({ service, protocol, role: caller.arn, ...question, explicit });
    }
  }

  /** Whether a caller may list a bucket: S3 tells only those that a key does not exist. */
  readonly mayList = (caller: Caller, bucket: string): boolean => {
    if (caller.arn === this.options.directory.personArn) return true;
    return this.decide(caller, demand("s3:ListBucket", `arn:aws:s3:::${bucket}`)).effect === "allow";
  };

  private decide(caller: Caller, asked: Question): Verdict {
    const { directory, onDecision } = this.options;
    const context = asked.context && { ...globalKeys(caller), ...asked.context };
    const question = { ...asked, context };
    const policies = directory.role(caller.arn)?.policies.values() ?? [];
    // A managed policy is known by its name alone: it grants nothing here.
    const verdict = evaluate(
      [...policies].filter((policy) => policy !== undefined),
      question,
    );
    onDecision?.({ role: caller.arn, question, verdict });
    return verdict;
  }
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
function globalKeys({ arn, accountId, region }: Caller): Record<string, string[]> {
  return {
    "aws:PrincipalArn": [arn],
    "aws:PrincipalAccount": [accountId],
    "aws:RequestedRegion": [region],
  };
}
