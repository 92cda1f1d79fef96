/** Stands in for lib/metrics.ts: figures for CloudWatch go to the function's log, which nobody reads here. */
export function tellMetrics(): void {}
