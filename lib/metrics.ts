import { setting } from "./settings.ts";

/** The figures that functions tell, and what CloudWatch calls their units. */
const UNITS = {
  CertificateHoursLeft: "None",
  DeploymentFailuresTold: "Count",
  CertificateFailuresTold: "Count",
  Requests: "Count",
  ResponseBytes: "Bytes",
  NotModified: "Count",
  ClientErrors: "Count",
  ServerErrors: "Count",
  Connections: "Count",
  HandshakeFailures: "Count",
  LogLinesLost: "Count",
} as const;

/**
 * Tells CloudWatch figures by a line of the function's log, which needs no permission: the embedded metric format.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function tellMetrics(values: Readonly<Partial<Record<keyof typeof UNITS, number>>>): void {
  const Metrics = Object.keys(values).map((Name) => ({ Name, Unit: UNITS[Name as keyof typeof UNITS] }));
  const metrics = [{ Namespace: "mirage-pages", Dimensions: [["Stack"]], Metrics }];
  const _aws = { Timestamp: Date.now(), CloudWatchMetrics: metrics };
  // Not by console.log: Lambda puts the time and the request in front of its lines, and then they are no JSON.
  process.stdout.write(`${JSON.stringify({ _aws, Stack: setting("STACK"), ...values })}\n`);
}
