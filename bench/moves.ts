import { parseArgs } from "node:util";
import { TestStack } from "../tests/kit/stack.ts";
import { visitors } from "./visitors.ts";

/**
 * `npm run bench:moves [-- --machines qemu --moves 20 --fresh 100 --kept 100]`: deployments in a row under steady
 * requests, and what failed. The local address is a proxy that moves in a moment; AWS's own move takes seconds and
 * is not measured here.
 */
const { values } = parseArgs({
  options: {
    machines: { type: "string", default: "node" },
    moves: { type: "string", default: "20" },
    fresh: { type: "string", default: "100" },
    kept: { type: "string", default: "100" },
    connections: { type: "string", default: "50" },
  },
});
const moves = Number(values.moves);
const machineKind = values.machines === "qemu" ? "qemu" : "node";

const page = (n: number) => `<!doctype html><h1>deployment ${n}</h1>`;
const qemu = { sources: "real", parameters: { boot: "120" } } as const;
const stack = await TestStack.start({ machineKind, ...(machineKind === "qemu" && qemu) });
try {
  await deploy(0);
  const start = Date.now();
  const visiting = visitors({
    ...{ address: stack.address, fresh: Number(values.fresh), kept: Number(values.kept) },
    ...{ connections: Number(values.connections), isPage: (body) => /<h1>deployment \d+<\/h1>/.test(body) },
  });
  let moved = 0;
  for (let n = 1; n <= moves; n += 1) {
    try {
      await deploy(n);
    } catch (error) {
      // What was seen until then is told all the same.
      console.error(error instanceof Error ? error.message : error);
      break;
    }
    moved = n;
    const { fresh, kept, failedFresh, cut } = visiting.seen;
    console.log(
      `move ${n}: ${fresh + kept} requests so far, ${failedFresh.length} new ones failed, ${cut.length} kept ones cut`,
    );
  }
  const seen = await visiting.stop();
  const seconds = (Date.now() - start) / 1_000;
  const count = (reasons: readonly string[]) =>
    reasons.length === 0 ? "0" : `${reasons.length} (${[...new Set(reasons)].join(", ")})`;
  console.log(`
machines                                      ${machineKind}
moves                                         ${moved} of ${moves} in ${seconds.toFixed(0)} s
requests on new connections                   ${seen.fresh} (${(seen.fresh / seconds).toFixed(0)}/s of ${values.fresh}/s wanted)
  failed                                      ${count(seen.failedFresh)}
  under way and cut by the moves              ${count(seen.cutFresh)}
requests on kept connections                  ${seen.kept} (${(seen.kept / seconds).toFixed(0)}/s of ${values.kept}/s wanted)
  cut by the moves                            ${count(seen.cut)}
answers that were not the site's              ${count(seen.wrong)}
requests not sent: too many were under way    ${seen.late}

The local address is a proxy. How long AWS's own move takes, and what it cuts, is not measured here.`);
  process.exitCode = seen.failedFresh.length + seen.wrong.length === 0 && moved === moves ? 0 : 1;
} finally {
  await stack.stop();
}

async function deploy(n: number): Promise<void> {
  const ended = await stack.settleAfter(() => stack.put(stack.content, "index.html", page(n)), 600_000);
  const live = ended.find(({ outcome }) => outcome === "live");
  if (live === undefined) throw new Error(`Deployment ${n} did not become live: ${JSON.stringify(ended)}`);
}
