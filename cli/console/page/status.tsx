import { size } from "../../../lib/words.ts";
import type { Known, Link } from "./live.ts";
import { count, exact, relative } from "./words.ts";

/** What is live and what is going on, in one line; below it what somebody should know. */
export function Status({ view, now, link }: { view: Known; now: number; link: Link }) {
  const { standing, trouble } = view;
  const notices = noticesOf(view, link);
  return (
    <section class="status" aria-label="Status">
      <p class={`now ${state(standing)}`}>
        {standing === undefined ? (
          "Reading the site’s records …"
        ) : standing.live === null ? (
          "Nothing is live yet: upload a site, which deploys it."
        ) : (
          <>
            <strong>Release {standing.live.release}</strong> is live since{" "}
            <time dateTime={standing.live.since} title={exact(standing.live.since)}>
              {relative(standing.live.since, now)}
            </time>
            <span>
              {" "}
              · {count(standing.live.archive.files, "file")}, {size(standing.live.archive.siteBytes)}
            </span>
            <span> · {seen(standing.seen)}</span>
          </>
        )}
      </p>
      <p class="step" role="status">
        {standing?.underWay && (
          <>
            <span class="dot" aria-hidden="true" /> Deploying: {standing.underWay.step}
          </>
        )}
        {standing &&
          !standing.underWay &&
          standing.waiting.length > 0 &&
          `Waiting: ${standing.waiting.join(", ")}`}
      </p>
      {trouble && (
        <p class="notice bad" role="alert">
          The site cannot be read just now, what is shown may be old: {trouble}
        </p>
      )}
      {notices.map((text) => (
        <p key={text} class="notice">
          {text}
        </p>
      ))}
    </section>
  );
}

function noticesOf({ standing }: Known, link: Link): string[] {
  const lost = "The console does not answer: is it still running? This page connects again by itself.";
  return [
    ...(link === "lost" ? [lost] : []),
    ...(standing?.held
      ? [
          `Held by a rollback: the bucket has the content of release ${standing.held.release}. Its next change is deployed.`,
        ]
      : []),
    ...(standing?.refused ? [`Not deployed: ${standing.refused.error}: ${standing.refused.cause}`] : []),
  ];
}

function seen(seen: NonNullable<Known["standing"]>["seen"]): string {
  if (seen === null) return "its machine was not looked at yet";
  return seen.answers ? "its machine answers" : `its machine did not answer: ${seen.reason}`;
}

function state(standing: Known["standing"]): string {
  if (standing?.live == null) return "none";
  return standing.seen?.answers === false ? "bad" : "good";
}
