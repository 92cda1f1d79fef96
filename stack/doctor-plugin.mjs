import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../cli/mirage-pages.mjs", import.meta.url));

/**
 * Has `mirage-pages doctor` look before `serverless deploy` changes anything, with the very parameters of this
 * deploy; a problem ends it there, unless the deploy is forced (--force).
 */
export default class DoctorPlugin {
  constructor(serverless, options) {
    this.serverless = serverless;
    this.options = options;
    this.hooks = { "before:deploy:deploy": () => this.examine() };
  }

  examine() {
    const { service, configurationInput } = this.serverless;
    const { Parameters } = service.resources.Outputs;
    const parameters = { ...configurationInput.params.default, ...JSON.parse(Parameters.Value) };
    const { stage, region } = service.provider;
    const profile = this.options["aws-profile"];
    const args = [
      ...["doctor", "--stage", stage, "--region", region],
      ...(profile === undefined ? [] : ["--profile", profile]),
      ...Object.entries(parameters).map(([name, value]) => `--param=${name}=${value}`),
    ];
    const { status } = spawnSync(program, args, { stdio: ["ignore", 2, 2] });
    if (status === 0 || this.options.force) return;
    throw new this.serverless.classes.Error(
      "Nothing was deployed: `mirage-pages doctor` found the problems above. Put them right, then deploy again.",
    );
  }
}
