/** A small state machine: a choice that belongs to its Task, a loop, a place where ways meet, and failures. */
export const definition = JSON.stringify({
  StartAt: "ask",
  States: {
    ask: { Type: "Task", Next: "which?", Catch: [{ ErrorEquals: ["States.ALL"], Next: "undo" }] },
    "which?": {
      Type: "Choice",
      Choices: [
        { Variable: "$.a", StringEquals: "long", Next: "build" },
        { Variable: "$.a", StringEquals: "none", Next: "end early" },
      ],
      Default: "meet",
    },
    "end early": { Type: "Pass", Next: "last" },
    build: {
      Type: "Task",
      Next: "built?",
      Catch: [
        { ErrorEquals: ["Lost"], Next: "try again" },
        { ErrorEquals: ["States.ALL"], Next: "undo" },
      ],
    },
    "built?": {
      Type: "Choice",
      Choices: [{ Variable: "$.b", BooleanEquals: true, Next: "meet" }],
      Default: "wait",
    },
    wait: { Type: "Wait", Seconds: 1, Next: "build" },
    "try again": { Type: "Task", Next: "build", Catch: [{ ErrorEquals: ["States.ALL"], Next: "undo" }] },
    meet: { Type: "Pass", Next: "launch" },
    launch: { Type: "Task", Next: "last" },
    undo: { Type: "Task", Next: "last" },
    last: { Type: "Task", Next: "ended" },
    ended: {
      Type: "Choice",
      Choices: [{ Variable: "$.c", BooleanEquals: true, Next: "bad" }],
      Default: "good",
    },
    bad: { Type: "Fail" },
    good: { Type: "Succeed" },
  },
});
