/** Stands in for node:timers/promises. */
export { pause as setTimeout } from "./clock.ts";
