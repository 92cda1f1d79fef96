import { readFileSync, rmSync } from "node:fs";
import { type CloudOptions, startCloud } from "../../local/cloud.ts";

/**
 * Runs a cloud as a process of its own, which kills itself in the moment in which the deploy machine enters the
 * state that a file names; the file goes first. Prints its outputs, then waits.
 */
const [options = "", order = ""] = process.argv.slice(2);

function ordered(): string | undefined {
  try {
    return readFileSync(order, "utf8");
  } catch {
    return undefined;
  }
}

const cloud = await startCloud({
  ...(JSON.parse(options) as CloudOptions),
  onDecision: ({ question }) => {
    if (question.action !== "lambda:InvokeFunction") return;
    const state = ordered();
    if (state === undefined || !String(question.resource).endsWith(`-${state}`)) return;
    rmSync(order);
    process.kill(process.pid, "SIGKILL");
  },
});
process.once("SIGTERM", () => void cloud.stop());
console.log(JSON.stringify({ environment: cloud.environment, outputs: cloud.outputs }));
