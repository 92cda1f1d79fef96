/** Stands in for node:timers: the timers of this thread, which are virtual. */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } =
  globalThis;
