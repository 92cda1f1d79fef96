import { setting } from "./settings.ts";

/**
 * Tells CloudWatch a figure by a line of the function's log, which needs no permission: the embedded metric
 * format. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function tellMetric(name: "CertificateHoursLeft", value: number): void {
  const metrics = [
    { Namespace: "mirage-pages", Dimensions: [["Stack"]], Metrics: [{ Name: name, Unit: "None" }] },
  ];
  const _aws = { Timestamp: Date.now(), CloudWatchMetrics: metrics };
  // Not by console.log: Lambda puts the time and the request in front of its lines, and then they are no JSON.
  process.stdout.write(`${JSON.stringify({ _aws, Stack: setting("STACK"), [name]: value })}\n`);
}
