import type { View } from "../view.ts";
import { amount, count, date, dollars, exact, relative } from "./words.ts";

/** The certificate's life, from its first day to its last. */
export function Certificate({ standing, now }: { standing: View["certificate"] | undefined; now: number }) {
  const served = standing?.served;
  return (
    <section class="card" aria-labelledby="certificate">
      <div class="head">
        <h2 id="certificate">Certificate</h2>
        <span class="aside">{served && (served.selfSigned ? "self-signed" : "trusted")}</span>
      </div>
      {!served ? (
        <p class="wait">{standing === undefined ? "Reading …" : "The first release brings one."}</p>
      ) : (
        <>
          <p>
            <strong>{served.names.join(", ")}</strong>
          </p>
          <Life from={served.notBefore} until={served.notAfter} next={standing?.next?.at} now={now} />
          <dl>
            <dt>Runs out</dt>
            <dd>
              <time dateTime={served.notAfter} title={exact(served.notAfter)}>
                {date(served.notAfter)}
              </time>
              , {relative(served.notAfter, now)}
            </dd>
            {standing?.next && (
              <>
                <dt>Next look</dt>
                <dd>
                  {relative(standing.next.at, now)}: {standing.next.reason}
                </dd>
              </>
            )}
            {standing?.coming && (
              <>
                <dt>Coming</dt>
                <dd>another one, until {date(standing.coming.notAfter)}</dd>
              </>
            )}
            {standing !== undefined && standing.failures > 0 && (
              <>
                <dt>Failed orders</dt>
                <dd>{standing.failures}</dd>
              </>
            )}
            <dt>Serial</dt>
            <dd class="code">{served.serial}</dd>
          </dl>
        </>
      )}
    </section>
  );
}

function Life({
  from,
  until,
  next,
  now,
}: {
  from: string;
  until: string;
  next: string | undefined;
  now: number;
}) {
  const [start, end] = [Date.parse(from), Date.parse(until)];
  const at = (time: number) => Math.min(Math.max(((time - start) / (end - start)) * 100, 0), 100);
  const lived = at(now);
  return (
    <div class="life">
      <svg
        viewBox="0 0 100 10"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${Math.round(lived)} percent of its life are over.`}
      >
        <rect class="all" x="0" y="2" width="100" height="6" rx="1" />
        <rect
          class={lived > 85 ? "lived late" : "lived"}
          x="0"
          y="2"
          width={Math.max(lived, 0.6)}
          height="6"
          rx="1"
        />
        {next !== undefined && Date.parse(next) < end && (
          <line x1={at(Date.parse(next))} x2={at(Date.parse(next))} y1="0" y2="10" />
        )}
      </svg>
      <div class="ends">
        <span>{date(from)}</span>
        <span>{date(until)}</span>
      </div>
    </div>
  );
}

/** The stack's machines with their images. */
export function Fleet({
  fleet,
  live,
  now,
}: {
  fleet: View["fleet"] | undefined;
  live: string | undefined;
  now: number;
}) {
  return (
    <section class="card" aria-labelledby="machines">
      <div class="head">
        <h2 id="machines">Machines</h2>
        <span class="aside">
          {fleet && `${count(fleet.images, "image")}, ${count(fleet.snapshots, "snapshot")}`}
        </span>
      </div>
      {fleet === undefined ? (
        <p class="wait">Reading …</p>
      ) : fleet.machines.length === 0 ? (
        <p class="wait">None.</p>
      ) : (
        <ul class="machines">
          {fleet.machines.map(({ instanceId, state, address, release, launchedAt, imageId }) => (
            <li key={instanceId} class={instanceId === live ? "live" : ""}>
              <p>
                <strong>Release {release}</strong>
                <span class={`badge ${instanceId === live ? "live" : state}`}>
                  {instanceId === live ? "serves" : state}
                </span>
                <span class="aside">
                  <time dateTime={launchedAt} title={exact(launchedAt)}>
                    {relative(launchedAt, now)}
                  </time>
                </span>
              </p>
              <p class="code">
                <span>{instanceId}</span>
                {imageId !== null && <span>{imageId}</span>}
                {address !== null && <span>{address}</span>}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** So many of the dearest lines are shown. */
const LINES = 6;

/** What a month costs as things stand. */
export function Costs({ costs, local }: { costs: View["costs"] | undefined; local: boolean | undefined }) {
  const lines = costs?.lines.slice(0, LINES) ?? [];
  const rest = (costs?.usd ?? 0) - lines.reduce((sum, { usd }) => sum + usd, 0);
  return (
    <section class="card" aria-labelledby="costs">
      <div class="head">
        <h2 id="costs">A month, estimated</h2>
        <span class="aside">{local ? "as on AWS, us-east-1" : "at us-east-1’s prices"}</span>
      </div>
      {costs === undefined ? (
        <p class="wait">Reading …</p>
      ) : (
        <>
          <p class="sum">{dollars(costs.usd)}</p>
          <table class="costs">
            <tbody>
              {[...lines, { unit: "everything else", quantity: undefined, usd: rest }].map(
                ({ unit, quantity, usd }) => (
                  <tr key={unit}>
                    <th scope="row">
                      {unit}
                      {quantity !== undefined && <span class="aside"> × {amount(quantity)}</span>}
                    </th>
                    <td>
                      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                        <rect width={(100 * usd) / Math.max(lines[0]?.usd ?? 1, 0.001)} height="6" />
                      </svg>
                    </td>
                    <td class="number">{dollars(usd)}</td>
                  </tr>
                ),
              )}
            </tbody>
          </table>
          <p class="aside">
            With {count(costs.deployments, "deployment")}, without traffic, logs and taxes.
            {costs.missing.length > 0 && ` Not in it: ${costs.missing.join(", ")}.`}
          </p>
        </>
      )}
    </section>
  );
}
