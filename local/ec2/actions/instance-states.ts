import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";
import { action, type Cloud } from "../cloud.ts";
import { missing, notFound } from "../errors.ts";
import { byIds } from "../select.ts";
import { type Instance, type InstanceState, instanceStates } from "../state.ts";

/** Terminates instances; those that already are stay so. */
export const terminateInstances = action<ec2.TerminateInstancesRequest, ec2.TerminateInstancesResult>(
  ["InstanceIds", "Force", "SkipOsShutdown"],
  (input, cloud) => {
    const hard = input.Force === true || input.SkipOsShutdown === true;
    const changes = changeAll(cloud, input.InstanceIds, [], (instance) => {
      if (instance.state !== "terminated" && instance.state !== "shutting-down") {
        cloud.fleet.terminate(instance, hard);
      }
    });
    return { TerminatingInstances: changes };
  },
);

/** Stops running instances; those that already are stay so. */
export const stopInstances = action<ec2.StopInstancesRequest, ec2.StopInstancesResult>(
  ["InstanceIds", "Force", "SkipOsShutdown"],
  (input, cloud) => {
    const hard = input.Force === true || input.SkipOsShutdown === true;
    const refused: InstanceState[] = ["pending", "shutting-down", "terminated"];
    const changes = changeAll(cloud, input.InstanceIds, refused, (instance) => {
      if (instance.state === "running") cloud.fleet.shutDown(instance, hard);
    });
    return { StoppingInstances: changes };
  },
);

/** Starts stopped instances on the disks they had; those that run stay so. */
export const startInstances = action<ec2.StartInstancesRequest, ec2.StartInstancesResult>(
  ["InstanceIds"],
  (input, cloud) => {
    const refused: InstanceState[] = ["stopping", "shutting-down", "terminated"];
    const changes = changeAll(cloud, input.InstanceIds, refused, (instance) => {
      if (instance.state !== "stopped") return;
      instance.state = "pending";
      instance.reason = { code: "pending", message: "pending" };
      instance.transition = "";
      instance.launchTime = new Date().toISOString();
      cloud.fleet.assignAddress(instance);
      cloud.fleet.boot(instance, false);
    });
    return { StartingInstances: changes };
  },
);

/** Resets running instances. */
export const rebootInstances = action<ec2.RebootInstancesRequest, object>(
  ["InstanceIds"],
  async (input, cloud) => {
    const refused: InstanceState[] = ["stopping", "stopped", "shutting-down", "terminated"];
    const instances: Instance[] = [];
    changeAll(cloud, input.InstanceIds, refused, (instance) => instances.push(instance));
    await Promise.all(instances.map((instance) => cloud.fleet.reboot(instance)));
    return {};
  },
);

function changeAll(
  cloud: Cloud,
  ids: readonly string[] | undefined,
  refused: readonly InstanceState[],
  change: (instance: Instance) => void,
): ec2.InstanceStateChange[] {
  if (!ids?.length) throw missing("InstanceId");
  const instances = byIds(cloud.store.state.instances, ids, (id) => notFound("instance", id));
  // All or none: AWS refuses the call when one of its instances cannot make the change.
  for (const { id, state } of instances) {
    if (refused.includes(state)) {
      throw new AwsError(
        "IncorrectInstanceState",
        `The instance '${id}' is not in a state from which it can be changed so: it is ${state}.`,
      );
    }
  }
  return instances.map((instance) => {
    const before = instance.state;
    change(instance);
    return {
      InstanceId: instance.id,
      PreviousState: { Code: instanceStates[before], Name: before },
      CurrentState: { Code: instanceStates[instance.state], Name: instance.state },
    };
  });
}

/** The end of an instance's serial console, at most 64 KiB, in base64. */
export const getConsoleOutput = action<ec2.GetConsoleOutputRequest, ec2.GetConsoleOutputResult>(
  ["InstanceId", "Latest"],
  async (input, cloud) => {
    const id = input.InstanceId ?? "";
    const instance = cloud.store.state.instances[id];
    if (!instance) throw notFound("instance", id);
    const bytes = await cloud.fleet.console(id);
    return { InstanceId: id, Timestamp: new Date(), Output: bytes.toString("base64") };
  },
);
