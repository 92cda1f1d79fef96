import type { State } from "../ec2/state.ts";
import type { ApiCall, Demands } from "./demands.ts";
import { jsonMembers } from "./demands.ts";
import { onExisting, startingSnapshot } from "./ec2-demands.ts";

const onSnapshots: readonly (readonly [method: string, path: RegExp, action: string])[] = [
  ["PUT", /^\/snapshots\/([^/]+)\/blocks\/\d+$/, "PutSnapshotBlock"],
  ["POST", /^\/snapshots\/completion\/([^/]+)$/, "CompleteSnapshot"],
  ["GET", /^\/snapshots\/([^/]+)\/blocks$/, "ListSnapshotBlocks"],
  ["GET", /^\/snapshots\/([^/]+)\/blocks\/\d+$/, "GetSnapshotBlock"],
  ["GET", /^\/snapshots\/([^/]+)\/changedblocks$/, "ListChangedBlocks"],
];

/**
 * The permissions of the EBS direct APIs, on EC2's snapshots.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticblockstore.html
 * Tags given at StartSnapshot ask for ec2:CreateTags as EC2's own creating calls do: that page does not say so,
 * but a role that has both works either way.
 */
export function ebsDemands(state: Readonly<State>): Demands {
  return ({ method, url, body, caller }: ApiCall) => {
    const subject = { caller, state };
    const { pathname, searchParams } = new URL(url, "http://localhost");
    if (method === "POST" && /^\/snapshots\/?$/.test(pathname)) {
      const { Tags, ParentSnapshotId } = jsonMembers(body);
      const parent = typeof ParentSnapshotId === "string" ? ParentSnapshotId : "";
      return startingSnapshot(Array.isArray(Tags) ? Tags : [], parent, subject);
    }
    for (const [verb, path, action] of onSnapshots) {
      const id = method === verb ? path.exec(pathname)?.[1] : undefined;
      if (id === undefined) continue;
      const first = searchParams.get("firstSnapshotId");
      return [id, ...(first === null ? [] : [first])].map((one) => onExisting(`ebs:${action}`, one, subject));
    }
    return undefined;
  };
}
