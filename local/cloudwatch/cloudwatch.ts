import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { Provider, Resource, Service } from "../service.ts";
import { objects, optionalNumber, optionalText, texts } from "../wire/members.ts";
import { jsonService } from "../wire/services.ts";

/** A data point that somebody put. */
export interface Datum {
  readonly namespace: string;
  readonly name: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

const keptData = 10_000;

/** Shown as declared. AlarmActions is not among them: no alarm ever acts here. */
const declared = [
  ...[
    "AlarmName",
    "AlarmDescription",
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "Period",
    "Threshold",
    "Metrics",
  ],
  ...["EvaluationPeriods", "ComparisonOperator", "TreatMissingData"],
];

/** CloudWatch: metrics are taken and kept in memory, alarms are declared and listed but never evaluated. */
export class CloudWatch {
  /** The last data points, the youngest last. */
  readonly data: Datum[] = [];
  private readonly alarms = new Map<string, Record<string, unknown>>();
  private readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  /** The service for the front door. */
  service(): Service {
    return jsonService(["monitoring"], "1.0", {
      PutMetricData: (input) => {
        for (const datum of objects(input, "MetricData")) {
          this.data.push({
            namespace: optionalText(input, "Namespace") ?? "",
            name: optionalText(datum, "MetricName") ?? "",
            value: optionalNumber(datum, "Value") ?? 0,
            timestamp: Date.now(),
          });
        }
        this.data.splice(0, Math.max(this.data.length - keptData, 0));
      },
      DescribeAlarms: (input) => {
        const names = texts(input, "AlarmNames");
        const all = [...this.alarms.values()];
        return {
          MetricAlarms: all.filter((alarm) => names.length === 0 || names.includes(String(alarm.AlarmName))),
        };
      },
    });
  }

  /** Declares alarms: AWS::CloudWatch::Alarm. */
  provider(): Provider {
    return {
      honoured: { "AWS::CloudWatch::Alarm": declared },
      provision: async ({ stack, logicalId, properties }: Resource) => {
        const name = optionalText(properties, "AlarmName") ?? `${stack}-${logicalId}`;
        const alarmArn = arn(this.place, "cloudwatch", `alarm:${name}`);
        this.alarms.set(name, {
          ...properties,
          AlarmName: name,
          AlarmArn: alarmArn,
          StateValue: "INSUFFICIENT_DATA",
        });
        return { ref: name, attributes: { Arn: alarmArn } };
      },
    };
  }
}
