import type { State } from "../ec2/state.ts";
import type { Caller, Protocol } from "../service.ts";
import type { ApiCall, Demands } from "./demands.ts";
import { demand } from "./demands.ts";
import type { Directory } from "./directory.ts";
import { ebsDemands } from "./ebs-demands.ts";
import { ec2Demands } from "./ec2-demands.ts";
import { refusal, unmapped } from "./errors.ts";
import type { Judge } from "./judge.ts";
import * as others from "./other-demands.ts";
import { route53Demands } from "./route53-demands.ts";
import { s3Demands } from "./s3-demands.ts";

/** Services whose resources bear policies, which hold for the person too. */
const withPolicies = ["lambda", "s3", "sns", "sqs"];

/** Decides who may make which API call. The person may make all that no resource denies. */
export class Authorizer {
  private readonly directory: Directory;
  private readonly judge: Judge;
  private readonly demands: ReadonlyMap<string, Demands>;

  /** `ec2` is what EC2 has, for the tags that conditions ask about. */
  constructor(directory: Directory, judge: Judge, ec2: Readonly<State>) {
    this.directory = directory;
    this.judge = judge;
    this.demands = new Map<string, Demands>([
      ["codebuild", others.codeBuildDemands],
      ["ebs", ebsDemands(ec2)],
      ["ec2", ec2Demands(ec2)],
      ["lambda", others.lambdaDemands],
      ["logs", others.logsDemands],
      ["route53", route53Demands],
      ["s3", s3Demands],
      ["cloudformation", others.cloudFormationDemands],
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
    const isPerson = caller.arn === this.directory.personArn;
    if (isPerson && !withPolicies.includes(service)) return;
    const questions = this.demands.get(service)?.(call);
    if (questions === undefined && !isPerson) throw unmapped(service, protocol, action);
    for (const question of questions ?? []) {
      const judgement = this.judge.judge(caller.arn, question);
      if (judgement.effect === "allow") continue;
      throw refusal({ service, protocol, role: caller.arn, ...question, ...judgement });
    }
  }

  /** Whether a caller may list a bucket: S3 tells only those that a key does not exist. */
  readonly mayList = ({ arn }: Caller, bucket: string): boolean =>
    this.judge.judge(arn, demand("s3:ListBucket", `arn:aws:s3:::${bucket}`)).effect === "allow";
}
