import type { Picture } from "../picture.ts";
import type { Timing } from "../view.ts";
import { seconds } from "./words.ts";

/** How long each state took: of the last release, against the range and the median of those before. */
export function Timings({
  picture,
  timings,
}: {
  picture: Picture | undefined;
  timings: readonly Timing[] | undefined;
}) {
  const rows = picture && timings ? rowsOf(picture, timings) : [];
  const most = Math.max(...rows.map(({ values }) => Math.max(...values)), 0.1);
  const last = timings?.[0];
  return (
    <section class="card" aria-labelledby="timings">
      <div class="head">
        <h2 id="timings">Where the time goes</h2>
        <span class="aside">
          seconds in each state,{" "}
          {last === undefined ? "no release yet" : `the last ${timings?.length} releases`}
        </span>
      </div>
      {last !== undefined && timings !== undefined && (
        <>
          <Totals timings={timings} />
          <table class="timings">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col" class="legend">
                  <i class="range" aria-hidden="true" /> all <i class="median" aria-hidden="true" /> median{" "}
                  <i class="last" aria-hidden="true" /> release {last.release}
                </th>
                <th scope="col" class="number">
                  Last
                </th>
                <th scope="col" class="number">
                  Median
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ name, values, latest }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    <Range values={values} latest={latest} most={most} />
                  </td>
                  <td class="number">{latest === undefined ? "–" : seconds(latest)}</td>
                  <td class="number">{seconds(median(values))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}

/** One column for each release, the newest at the right. */
function Totals({ timings }: { timings: readonly Timing[] }) {
  const shown = timings.toReversed();
  const most = Math.max(...shown.map(({ total }) => total), 0.1);
  return (
    <figure class="totals">
      <figcaption>From the request to live</figcaption>
      <ol>
        {shown.map(({ release, total }) => (
          <li key={release} title={`Release ${release}: ${seconds(total)}`}>
            <span class="value">{seconds(total)}</span>
            <svg viewBox="0 0 10 40" preserveAspectRatio="none" aria-hidden="true">
              <rect x="0" width="10" y={40 - (40 * total) / most} height={(40 * total) / most} />
            </svg>
            <span class="release">
              <span class="hidden">release </span>
              {release}
            </span>
          </li>
        ))}
      </ol>
    </figure>
  );
}

interface RowOf {
  readonly name: string;
  readonly values: readonly number[];
  readonly latest: number | undefined;
}

function rowsOf({ parts }: Picture, timings: readonly Timing[]): RowOf[] {
  return parts
    .filter(({ task }) => task)
    .map(({ name }) => ({
      name,
      values: timings.flatMap((one) => one.parts[name] ?? []),
      latest: timings[0]?.parts[name],
    }))
    .filter(({ values }) => values.length > 0);
}

function Range({
  values,
  latest,
  most,
}: {
  values: readonly number[];
  latest: number | undefined;
  most: number;
}) {
  const at = (value: number) => 2 + (96 * value) / most;
  const [least, longest] = [Math.min(...values), Math.max(...values)];
  return (
    <svg class="strip" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <line class="base" x1="0" x2="100" y1="5" y2="5" />
      <line class="range" x1={at(least)} x2={Math.max(at(longest), at(least) + 0.4)} y1="5" y2="5" />
      <line class="median" x1={at(median(values))} x2={at(median(values))} y1="1" y2="9" />
      {latest !== undefined && <line class="last" x1={at(latest)} x2={at(latest)} y1="5" y2="5" />}
    </svg>
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
