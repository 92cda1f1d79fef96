import { EC2Client, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { askForRollback, deploy } from "../../lib/aws/deployments.ts";
import { type CloudOptions, startCloud } from "../../local/cloud.ts";

/** What a test has the process do; it answers each with a message. */
export type Order =
  /** Kill itself by SIGKILL when a function of this name is next invoked: when an execution enters that state. */
  | { readonly do: "kill"; readonly at: string }
  /** Terminate the machine that is probed next, as it may happen on EC2. */
  | { readonly do: "end the next machine" }
  | { readonly do: "deploy"; readonly kind: "rebuild" }
  | { readonly do: "roll back"; readonly to: number }
  | { readonly do: "fire"; readonly schedule: string };

/** What it tells once it is up. */
export interface Running {
  readonly environment: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Runs a local cloud as a process of its own. */
const prefix = "mirage-pages-prod-";
let killAt: string | undefined;
let endNext = false;

const cloud = await startCloud({
  ...(JSON.parse(process.argv[2] ?? "{}") as CloudOptions),
  onDecision: ({ question: { action, resource } }) => {
    if (action !== "lambda:InvokeFunction") return;
    if (killAt !== undefined && String(resource).endsWith(`:${prefix}${killAt}`))
      process.kill(process.pid, "SIGKILL");
    if (endNext && String(resource).endsWith(`:${prefix}probe`)) void endNewest();
  },
});

async function endNewest(): Promise<void> {
  endNext = false;
  const ec2 = new EC2Client();
  const newest = Object.keys(cloud.ec2.state.instances).at(-1) ?? "";
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [newest] }));
  ec2.destroy();
}

async function obey(order: Order): Promise<void> {
  if (order.do === "kill") killAt = order.at;
  else if (order.do === "end the next machine") endNext = true;
  else if (order.do === "deploy") await deploy(order.kind);
  else if (order.do === "roll back") await askForRollback(order.to);
  else cloud.scheduler.fire(`${prefix}${order.schedule}`);
}

// What asks for a deployment finds the stack as a function does.
Object.assign(process.env, cloud.environment, {
  STATE_BUCKET: cloud.outputs.StateBucket,
  DEPLOY_MACHINE: cloud.outputs.DeployMachine,
});
process.on("message", (order: Order) => {
  obey(order).then(
    () => process.send?.("done"),
    (error: Error) => process.send?.(String(error.stack)),
  );
});
// The test has ended, however it did.
process.once("disconnect", () => void cloud.stop());
process.send?.({ environment: cloud.environment, outputs: cloud.outputs } satisfies Running);
