import { resolve } from "node:path";

/** The checkout's folder, or the installed package's: what is bundled of this lies in dist/, as deep as here. */
export const root = resolve(import.meta.dirname, "..");
