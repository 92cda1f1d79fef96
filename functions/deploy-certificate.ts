import { deploy } from "../lib/aws/deployments.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { readCurrent } from "../lib/certificates/current.ts";
import { readLive } from "../lib/releases/stored.ts";
import { step } from "../lib/step.ts";

/** Asks for a release of what is live with the current certificate; before the first release there is none to make. */
export const handler = step("deploy-certificate", async () => {
  const store = stateStore();
  const certificate = (await readCurrent(store))?.value;
  const live = (await readLive(store))?.value;
  const names = certificate?.names.join(", ") ?? "no names";
  if (live === undefined) return { message: `The first release will show the certificate for ${names}.` };
  await deploy("certificate");
  return { message: `Asked for a release with the certificate ${certificate?.serial ?? "?"} for ${names}.` };
});
