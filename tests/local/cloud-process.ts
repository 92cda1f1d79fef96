import { startCloud } from "../../local/cloud.ts";
import { cloudOptions } from "./support.ts";

/** Runs a cloud as a process of its own, for tests that kill it: prints its environment, then waits. */
const [directory = "", packageDir = ""] = process.argv.slice(2);
const cloud = await startCloud(cloudOptions(directory, packageDir));
process.once("SIGTERM", () => void cloud.stop());
console.log(JSON.stringify({ endpoint: cloud.endpoint, environment: cloud.environment }));
