import { randomUUID } from "node:crypto";
import { AwsError, notImplemented, readBody, type Service } from "../service.ts";
import { actions } from "./actions/index.ts";
import type { Cloud } from "./cloud.ts";
import { forget } from "./forget.ts";
import { readCall, readInput } from "./wire/request.ts";
import { renderOutput } from "./wire/response.ts";
import { operation } from "./wire/schema.ts";

/** The EC2 API over its query protocol. What a call changed is on the disk before it is answered. */
export function ec2Service(cloud: Cloud): Service {
  return {
    names: ["ec2"],
    protocol: "ec2",
    async handle(request, response, caller) {
      const call = readCall((await readBody(request)).toString());
      const shapes = operation(call.action);
      if (!shapes)
        throw new AwsError("InvalidAction", `The action ${call.action} is not valid for this web service.`);
      const action = actions.get(call.action);
      if (!action) throw notImplemented("ec2", call.action);
      const input = readInput(call.form, shapes.input);
      const { DryRun: dry, ...heeded } = input;
      const ignored = Object.keys(heeded).find((name) => !action.accepts.includes(name));
      if (ignored) throw notImplemented("ec2", `${call.action} with the parameter ${ignored}`);
      if (dry === true) {
        throw new AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
      }
      cloud.snapshots.refresh();
      await forget(cloud);
      const output = await action.run(heeded, cloud, caller);
      if (!/^(Describe|Get)/.test(call.action)) await cloud.store.save();
      const xml = renderOutput(call.action, randomUUID(), output, shapes.output);
      response.writeHead(200, {
        "content-type": "text/xml;charset=UTF-8",
        "content-length": Buffer.byteLength(xml),
      });
      response.end(xml);
    },
  };
}
