import * as z from "zod";

/** Fields that several contracts have. */
export const execution = z.string().min(1);
export const release = z.int().positive();
export const attempt = z.int().positive();
export const instanceId = z.string().regex(/^i-/);
export const failure = z.object({ Error: z.string(), Cause: z.string() });
