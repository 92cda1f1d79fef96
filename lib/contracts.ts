import type * as z from "zod";
import { accessLog } from "./contracts/access-log.ts";
import { certificate } from "./contracts/certificate.ts";
import { deploy } from "./contracts/deploy.ts";
import { retire } from "./contracts/retire.ts";

/**
 * What goes into each Task state and what comes out of it. The key is the name of the state, of the file
 * under functions/, of the function in serverless.yml and of its role; handlers are checked against the
 * types derived from here.
 */
export const contracts = { ...deploy, ...certificate, ...retire, ...accessLog };

export type StateName = keyof typeof contracts;
export type Input<N extends StateName> = z.infer<(typeof contracts)[N]["input"]>;
export type Output<N extends StateName> = z.infer<(typeof contracts)[N]["output"]>;
