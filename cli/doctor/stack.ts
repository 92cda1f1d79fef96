import { type Check, type Finding, ok, problem, warning } from "./finding.ts";

/** The stack is in a state that it can be used in and updated from. */
export const stack: Check = {
  name: "stack",
  run: async ({ deployed, stack, region }) => [
    deployed === undefined
      ? ok(`there is no stack ${stack} in ${region} yet: the next deploy makes it`)
      : judge(stack, deployed.status, deployed.reason),
  ],
};

/**
 * What a status of CloudFormation means and what to do about it. Pure.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes
 */
export function judge(stack: string, status: string, reason = ""): Finding {
  const text = `The stack ${stack} is ${status}${reason === "" ? "" : `: ${reason}`}.`;
  const look = `aws cloudformation describe-stack-events --stack-name ${stack}`;
  const remove = `aws cloudformation delete-stack --stack-name ${stack}`;
  if (status.endsWith("_IN_PROGRESS"))
    return warning(text, "Wait until CloudFormation has ended, then ask again.");
  switch (status) {
    case "CREATE_COMPLETE":
    case "UPDATE_COMPLETE":
    case "IMPORT_COMPLETE":
      return ok(`${stack} is ${status}`);
    case "UPDATE_ROLLBACK_COMPLETE":
      return warning(`${text} The last update failed; what was there before goes on.`, `The cause: ${look}`);
    case "UPDATE_ROLLBACK_FAILED":
      return problem(
        text,
        `See the cause (${look}), put it right, then: aws cloudformation continue-update-rollback --stack-name ${stack}`,
      );
    case "ROLLBACK_COMPLETE":
    case "ROLLBACK_FAILED":
    case "CREATE_FAILED":
      return problem(
        `${text} Its creation failed, and such a stack cannot be updated.`,
        `See the cause (${look}), remove it (${remove}; its buckets stay: delete them too), then deploy again.`,
      );
    case "DELETE_FAILED":
      return problem(
        text,
        `See what could not be removed (${look}); docs/aws.md tells the order in which a stack is removed.`,
      );
    default:
      return warning(text, `See ${look}`);
  }
}
