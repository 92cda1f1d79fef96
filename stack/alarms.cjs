/** What somebody has to look at, as a table: one alarm each, all of which publish to the notification topic. */
module.exports = async ({ resolveVariable }) => {
  const stack = await resolveVariable("self:custom.stack");
  const machine = (name) => ({
    "Fn::Sub": `arn:\${AWS::Partition}:states:\${AWS::Region}:\${AWS::AccountId}:stateMachine:${stack}-${name}`,
  });

  /** An alarm after `periods` of five minutes in each of which the metric was 1 or more; `more` says otherwise. */
  const alarm = (name, description, metric, dimension, periods = 1, more = {}) => ({
    Type: "AWS::CloudWatch::Alarm",
    Properties: {
      AlarmName: `${stack}-${name}`,
      AlarmDescription: description,
      Namespace: metric.namespace,
      MetricName: metric.name,
      Dimensions: [{ Name: dimension[0], Value: dimension[1] }],
      Statistic: metric.statistic ?? "Sum",
      Period: 300,
      EvaluationPeriods: periods,
      Threshold: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      TreatMissingData: "notBreaching",
      AlarmActions: [{ Ref: "NotificationTopic" }],
      ...more,
    },
  });
  /** An alarm on failures of which `told`, a metric of ours, does not count as many: people know of the others. */
  const untold = (name, description, metric, dimension, told) => {
    const sumOf = (Id, MetricName, Namespace, [Name, Value]) => ({
      Id,
      MetricStat: {
        Metric: { Namespace, MetricName, Dimensions: [{ Name, Value }] },
        Period: 300,
        Stat: "Sum",
      },
      ReturnData: false,
    });
    return {
      Type: "AWS::CloudWatch::Alarm",
      Properties: {
        AlarmName: `${stack}-${name}`,
        AlarmDescription: description,
        Metrics: [
          { Id: "untold", Label: "failures that nobody was told of", Expression: "failed - FILL(told, 0)" },
          sumOf("failed", metric.name, metric.namespace, dimension),
          sumOf("told", told, "mirage-pages", ["Stack", stack]),
        ],
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        TreatMissingData: "notBreaching",
        AlarmActions: [{ Ref: "NotificationTopic" }],
      },
    };
  };
  const failed = { namespace: "AWS/States", name: "ExecutionsFailed" };
  const timedOut = { namespace: "AWS/States", name: "ExecutionsTimedOut" };
  const waiting = {
    namespace: "AWS/SQS",
    name: "ApproximateNumberOfMessagesVisible",
    statistic: "Maximum",
  };
  const errors = { namespace: "AWS/Lambda", name: "Errors" };
  const deploy = ["StateMachineArn", machine("deploy")];
  const retire = ["StateMachineArn", machine("retire")];
  const certificate = ["StateMachineArn", machine("certificate")];
  const deadLetters = ["QueueName", { "Fn::GetAtt": ["DeadLetterQueue", "QueueName"] }];

  const Resources = {
    DeploymentFailedAlarm: untold(
      "deployment-failed",
      "A deployment failed and could not say so itself; the site is as it was. The execution's error says why.",
      failed,
      deploy,
      "DeploymentFailuresTold",
    ),
    DeploymentTimedOutAlarm: alarm(
      "deployment-timed-out",
      "A deployment ran out of time and is left as it was; reconcile takes up what it did not do.",
      timedOut,
      deploy,
    ),
    RetirementFailedAlarm: alarm(
      "retirement-failed",
      "What a release replaced was not removed; the next retirement does it. Until then it costs money.",
      failed,
      retire,
    ),
    RetirementTimedOutAlarm: alarm(
      "retirement-timed-out",
      "What a release replaced was not removed in time; the next retirement does it. Until then it costs money.",
      timedOut,
      retire,
    ),
    CertificateFailedAlarm: untold(
      "certificate-failed",
      "The certificate could not be looked after, and its execution could not say so itself: its error says why.",
      failed,
      certificate,
      "CertificateFailuresTold",
    ),
    // Told by reconcile's log every five minutes.
    CertificateAlarm: alarm(
      "certificate",
      "The certificate that visitors see runs out in less than 36 hours and was not renewed.",
      { namespace: "mirage-pages", name: "CertificateHoursLeft", statistic: "Minimum" },
      ["Stack", stack],
      1,
      {
        Period: 900,
        Threshold: 36,
        ComparisonOperator: "LessThanThreshold",
        TreatMissingData: "missing",
      },
    ),
    DeadLetterAlarm: alarm(
      "dead-letters",
      "An upload's event could not be worked off; reconcile deploys the content all the same.",
      waiting,
      deadLetters,
    ),
    // No state machine sees these two fail. Both are tried again: only what lasts is told.
    ReconcileFailingAlarm: alarm(
      "reconcile-failing",
      "Reconcile has failed for 15 minutes: a dead machine would not be replaced. Its log says why.",
      errors,
      ["FunctionName", `${stack}-reconcile`],
      3,
    ),
    ContentChangedFailingAlarm: alarm(
      "content-changed-failing",
      "Uploads have started no deployment for 15 minutes. The function's log says why.",
      errors,
      ["FunctionName", `${stack}-content-changed`],
      3,
    ),
  };
  return { Resources };
};
