import type { StateName } from "../../lib/contracts.ts";

/** What leads an execution into a state, in which the local cloud is killed. */
export type Way =
  /** New content is uploaded. */
  | "upload"
  /** The same content is uploaded again. */
  | "same upload"
  /** Everything is deleted from the content bucket, which is refused. */
  | "refused upload"
  /** New content is uploaded, and its first machine ends while it is probed. */
  | "ended machine"
  | "rebuild"
  /** To the release before the live one. */
  | "rollback"
  /** The self-signed certificate is about to run out. */
  | "self-signed"
  /** The authority's certificate is about to run out. */
  | "renewal"
  /** So it is, and the authority refuses the order. */
  | "refused order";

/** Every Task state of the three state machines, and what leads there. */
export const plays: Readonly<Record<StateName, Way>> = {
  "take-turn": "upload",
  settle: "upload",
  plan: "upload",
  "start-build": "upload",
  "poll-build": "rebuild",
  "pack-site": "upload",
  "adopt-listing": "same upload",
  "start-import": "upload",
  "poll-import": "upload",
  "register-image": "upload",
  "launch-instance": "upload",
  probe: "upload",
  "discard-machine": "ended machine",
  "move-address": "upload",
  "probe-address": "upload",
  commit: "upload",
  undo: "refused upload",
  notify: "upload",
  "release-turn": "upload",
  "plan-rollback": "rollback",
  "start-machine": "rollback",
  "collect-access-log": "upload",
  retire: "upload",
  "check-certificate": "self-signed",
  "self-sign-certificate": "self-signed",
  "deploy-certificate": "self-signed",
  "order-certificate": "renewal",
  "present-challenge": "renewal",
  "poll-challenge": "renewal",
  "validate-challenge": "renewal",
  "finalize-order": "renewal",
  "store-certificate": "renewal",
  "put-off-certificate": "refused order",
};

/** Whether a state is played on a site with a name, whose certificates an authority issues. */
export function needsAuthority(state: StateName): boolean {
  return ["renewal", "refused order"].includes(plays[state]);
}

/** Whether a string names a state. */
export function isState(name: string): name is StateName {
  return Object.hasOwn(plays, name);
}
