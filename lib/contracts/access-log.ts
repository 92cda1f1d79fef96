import * as z from "zod";
import { release } from "./fields.ts";

/** The contract of the schedule that collects what visitors asked for. */
export const accessLog = {
  "collect-access-log": {
    input: z.strictObject({}),
    output: z.object({
      machines: z.array(
        z.object({
          release,
          lines: z.int().nonnegative(),
          lost: z.int().nonnegative(),
          problem: z.string().max(500).optional(),
        }),
      ),
    }),
  },
};
