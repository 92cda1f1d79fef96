import * as z from "zod";
import { askForRollback, deploy } from "../../lib/aws/deployments.ts";
import { NotKept } from "../../lib/errors.ts";
import { rollbackTarget } from "../../lib/releases/rollback.ts";
import { CommandFailed } from "../failure.ts";
import { pastOf, recordsOf, type Site } from "../read/site.ts";

const rollbackSchema = z.object({ to: z.int().positive() });
const redeploySchema = z.object({ kind: z.enum(["replace", "content", "rebuild"]) });

/** Asks for a rollback, and tells what was asked for. Throws CommandFailed when that release is not kept. */
export async function rollBack(site: Site, body: unknown): Promise<string> {
  const { to } = parsed(rollbackSchema, body);
  try {
    if (rollbackTarget(pastOf(await recordsOf(site)), to) === undefined)
      return `Nothing to do: what is live serves what release ${to} did.`;
  } catch (error) {
    if (error instanceof NotKept) throw new CommandFailed(error.message);
    throw error;
  }
  await askForRollback(to);
  return `Going back to release ${to}.`;
}

const asked = {
  replace: "A fresh machine for what is live was asked for.",
  content: "A deployment of what the bucket holds was asked for.",
  rebuild: "A build and a fresh machine for what is live were asked for.",
} as const;

/** Asks for a deployment, and tells what was asked for. Throws CommandFailed where nothing is live yet. */
export async function redeploy(site: Site, body: unknown): Promise<string> {
  const { kind } = parsed(redeploySchema, body);
  if (kind !== "content") pastOf(await recordsOf(site));
  await deploy(kind);
  return asked[kind];
}

function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new CommandFailed("The request is none that the page makes; load it again.");
}
