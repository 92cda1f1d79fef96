import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { mutations } from "./mutations.ts";
import { playAll } from "./pool.ts";

/** `npm run simulate`: plays many histories, each with a seed of its own, and tells which broke an invariant. */
const whole = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
};
const command = new Command("simulate")
  .description("Plays simulated histories of the whole pipeline; a seed decides everything of one.")
  .option("--seeds <count>", "how many histories", whole, 100)
  .option("--from <seed>", "the first seed", whole, 1)
  .option("--threads <count>", "how many at once", whole, availableParallelism())
  .option("--mutation <name>", "with a deliberate fault in the product (tests/simulation/mutations.ts)")
  .option("--until-found", "end with the first violation")
  .option("--trace", "print every history's trace, not only that of the first violation")
  .parse();
const options = command.opts<{
  seeds: number;
  from: number;
  threads: number;
  mutation?: string;
  untilFound?: boolean;
  trace?: boolean;
}>();

const { seeds: count, from, threads } = options;
const mutation = mutations.find(({ name }) => name === options.mutation);
if (options.mutation !== undefined && mutation === undefined) {
  command.error(
    `There is no mutation "${options.mutation}"; there are: ${mutations.map(({ name }) => name).join(", ")}.`,
  );
}
const started = performance.now();
let ended = 0;
const broken: number[] = [];
await playAll(
  Array.from({ length: count }, (_, i) => from + i),
  {
    threads: Math.min(threads, count),
    mutation,
    onPlayed({ seed, violations, trace }) {
      ended += 1;
      if (options.trace === true || (violations.length > 0 && broken.length === 0))
        console.log(trace.join("\n"));
      if (violations.length > 0) {
        broken.push(seed);
        console.log(`Seed ${seed}: ${violations.join("\n")}`);
      }
      if (ended % 100 === 0) console.log(`${ended} of ${count} histories, ${broken.length} with a violation`);
      return options.untilFound === true && broken.length > 0;
    },
  },
);
const seconds = Math.round((performance.now() - started) / 1000);
const range = `seeds ${from} to ${from + count - 1}`;
const which = broken.length === 0 ? "" : ` (play one again with --seeds 1 --from ${Math.min(...broken)})`;
console.log(
  `${count} histories, ${range}: ${broken.length} with a violation${which}, in ${seconds} s on ${threads} threads`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
