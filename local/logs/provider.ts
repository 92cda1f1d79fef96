import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { Provider, Resource } from "../service.ts";
import { optionalText } from "../wire/members.ts";
import type { LogStore } from "./store.ts";

/** Makes log groups. Nothing is ever removed from them, whatever their retention. */
export function logsProvider(store: LogStore, place: Place): Provider {
  return {
    honoured: { "AWS::Logs::LogGroup": ["LogGroupName"] },
    async provision({ stack, logicalId, properties }: Resource) {
      const name = optionalText(properties, "LogGroupName") ?? `${stack}-${logicalId}`;
      store.createGroup(name);
      return { ref: name, attributes: { Arn: arn(place, "logs", `log-group:${name}:*`) } };
    },
  };
}
