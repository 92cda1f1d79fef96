import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Run } from "../view.ts";
import { Certificate, Costs, Fleet } from "./cards.tsx";
import { Actions } from "./dialogs.tsx";
import { useNow, useView } from "./live.ts";
import { PictureOf } from "./picture.tsx";
import { Releases } from "./releases.tsx";
import { Status } from "./status.tsx";
import { Timings } from "./timings.tsx";
import { seconds } from "./words.ts";

function Page() {
  const { view, link } = useView();
  const { site, standing, run, picture, releases } = view;
  const now = useNow(standing?.underWay != null);
  const [chosen, choose] = useState<number | undefined>();
  const [past, setPast] = useState<Run | null>(null);
  useEffect(() => {
    setPast(null);
    if (chosen === undefined) return;
    const away = new AbortController();
    fetch(`/runs/${chosen}`, { signal: away.signal })
      .then((answer) => (answer.ok ? answer.json() : null))
      .then((found: Run | null) => setPast(found))
      .catch(() => undefined);
    return () => away.abort();
  }, [chosen]);
  // A deployment that begins is what everybody wants to see.
  const underWay = standing?.underWay?.execution;
  useEffect(() => choose(undefined), [underWay]);
  useEffect(() => {
    if (site !== undefined) document.title = `${new URL(site.url).host} · mirage-pages`;
  }, [site]);
  const shown = chosen === undefined ? (run ?? null) : past;
  return (
    <>
      <header>
        <div class="name">
          <h1>
            {site === undefined ? (
              "mirage-pages"
            ) : (
              <a href={site.url} rel="noreferrer" target="_blank">
                {new URL(site.url).host}
              </a>
            )}
          </h1>
          <p>
            {site && `${site.stack} · ${site.region}${site.local ? " · local cloud" : ""}`}
            <span class={`link ${link}`}>
              {{ live: "live", connecting: "connecting …", lost: "not connected" }[link]}
            </span>
          </p>
        </div>
        <Actions view={view} />
      </header>
      <main>
        <Status view={view} now={now} link={link} />
        <section class="card machine" aria-labelledby="machine">
          <div class="head">
            <h2 id="machine">{title(shown, chosen)}</h2>
            <span class="aside">{shown && lasted(shown, now)}</span>
            {chosen !== undefined && (
              <button type="button" class="small" onClick={() => choose(undefined)}>
                Show the newest
              </button>
            )}
          </div>
          {shown?.cause && (
            <p class="cause">
              <strong>{shown.error}</strong> {causeOf(shown.cause)}
            </p>
          )}
          {picture ? (
            <PictureOf picture={picture} run={shown} now={now} />
          ) : (
            <p class="wait">Reading the state machine …</p>
          )}
        </section>
        <div class="column">
          <Releases rows={releases} now={now} chosen={chosen} choose={choose} />
          <Timings picture={picture} timings={view.timings} />
        </div>
        <Certificate standing={view.certificate} now={now} />
        <Fleet fleet={view.fleet} live={standing?.live?.instanceId} now={now} />
        <Costs costs={view.costs} local={site?.local} />
      </main>
    </>
  );
}

function title(run: Run | null, chosen: number | undefined): string {
  const release = chosen ?? run?.release;
  if (run === null && chosen === undefined) return "Deployment";
  return release == null ? "Deployment" : `Deployment of release ${release}`;
}

function lasted({ visits, status }: Run, now: number): string {
  const [first, last] = [visits[0]?.from ?? now, visits.at(-1)?.to ?? now];
  const took = seconds(Math.max(0, (status === "RUNNING" ? now : last) - first) / 1000);
  const ends: Record<string, string> = { RUNNING: "running for", SUCCEEDED: "took", FAILED: "failed after" };
  return `${ends[status] ?? `${status.toLowerCase()} after`} ${took}`;
}

/** Step Functions' cause is what the function threw as JSON, or text. */
function causeOf(cause: string): string {
  try {
    return (JSON.parse(cause) as { errorMessage?: string }).errorMessage ?? cause;
  } catch {
    return cause;
  }
}

const root = document.getElementById("page");
if (root !== null) render(<Page />, root);
