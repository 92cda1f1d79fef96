import { parameterProblems, placeProblems } from "./parameters.mjs";

/** Before anything is packaged, refuses parameters that are wrong, all of them at once. */
export default class ParametersPlugin {
  constructor(serverless) {
    this.hooks = { "before:package:initialize": () => refuseWrong(serverless) };
  }
}

function refuseWrong(serverless) {
  const { stage, region } = serverless.service.provider;
  const problems = [...parameterProblems(valuesOf(serverless, stage)), ...placeProblems({ stage, region })];
  if (problems.length === 0) return;
  const lines = problems.map((problem) => `  ${problem}`).join("\n");
  throw new serverless.classes.Error(
    `Nothing was packaged, because of ${problems.length === 1 ? "a parameter" : "parameters"}:\n${lines}`,
    "WRONG_PARAMETER",
  );
}

/** Values by name, in the order in which serverless looks for them: --param, the stage's, the default ones. */
function valuesOf({ configurationInput, processedInput }, stage) {
  const given = (processedInput.options.param ?? []).map((text) => {
    const at = text.indexOf("=");
    return [text.slice(0, at), text.slice(at + 1).trimEnd()];
  });
  const { params = {} } = configurationInput;
  return { ...params.default, ...params[stage], ...Object.fromEntries(given) };
}
