import { accountId } from "../account.ts";
import type { EventInput } from "../events/bus.ts";
import type { InstanceState } from "./state.ts";

/**
 * A change of an instance's state as EC2 tells EventBridge of it.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html
 */
export function stateChangeEvent(region: string, instanceId: string, state: InstanceState): EventInput {
  return {
    source: "aws.ec2",
    detailType: "EC2 Instance State-change Notification",
    resources: [`arn:aws:ec2:${region}:${accountId}:instance/${instanceId}`],
    detail: { "instance-id": instanceId, state },
  };
}
