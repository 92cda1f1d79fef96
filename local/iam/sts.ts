import { accountId } from "../account.ts";
import type { Service } from "../service.ts";
import { queryService } from "../wire/services.ts";

/** STS, as far as asking who one is. */
export function stsService(): Service {
  return queryService(["sts"], "https://sts.amazonaws.com/doc/2011-06-15/", {
    GetCallerIdentity: (_input, caller) => ({ Arn: caller.arn, UserId: caller.arn, Account: accountId }),
  });
}
