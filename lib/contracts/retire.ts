import * as z from "zod";
import { execution, instanceId, release } from "./fields.ts";

/** The contract of the machine that removes what no release needs. */
export const retire = {
  retire: {
    input: z.object({ execution, drainSeconds: z.int().nonnegative() }),
    output: z.object({
      stopped: z.array(instanceId),
      terminated: z.array(instanceId),
      images: z.array(z.string()),
      snapshots: z.array(z.string()),
      objects: z.array(z.string()),
      abandoned: z.array(release),
      /** Keys of the uploads in parts that were ended. */
      uploads: z.array(z.string()),
    }),
  },
};
