import * as z from "zod";
import { certificateSchema } from "../releases/records.ts";
import { execution, failure } from "./fields.ts";

/** The contracts of the machine that keeps the certificate, in its order. */
export const certificate = {
  "check-certificate": {
    input: z.object({ execution }),
    output: z.object({ action: z.enum(["nothing", "order", "self-sign", "deploy"]), message: z.string() }),
  },
  "order-certificate": {
    input: z.object({ execution }),
    output: z.object({
      status: z.enum(["pending", "ready", "processing", "valid"]),
      presentedAt: z.iso.datetime(),
    }),
  },
  "present-challenge": {
    input: z.object({ execution }),
    output: z.object({ status: z.literal("pending"), presentedAt: z.iso.datetime() }),
  },
  "poll-challenge": {
    input: z.object({ execution, presentedAt: z.iso.datetime() }),
    output: z.object({ done: z.boolean(), reason: z.string() }),
  },
  "validate-challenge": {
    input: z.object({ execution, presentedAt: z.iso.datetime() }),
    output: z.object({ done: z.boolean(), reason: z.string() }),
  },
  "finalize-order": {
    input: z.object({ execution, presentedAt: z.iso.datetime() }),
    output: z.object({ done: z.boolean() }),
  },
  "store-certificate": {
    input: z.object({ execution }),
    output: z.object({ certificate: certificateSchema }),
  },
  "put-off-certificate": {
    input: z.object({ execution, failure }),
    output: z.object({ error: z.string(), cause: z.string() }),
  },
  "self-sign-certificate": {
    input: z.object({ execution }),
    output: z.object({ certificate: certificateSchema }),
  },
  "deploy-certificate": {
    input: z.object({ execution }),
    output: z.object({ message: z.string() }),
  },
};
