import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Done } from "../view.ts";
import { ask, type Known } from "./live.ts";
import { date } from "./words.ts";

/** How long it is told what came of a button. */
const SHOWN_MS = 20_000;

/** The buttons that change something; each asks first. */
export function Actions({ view: { releases = [], standing } }: { view: Known }) {
  const rollback = useRef<HTMLDialogElement>(null);
  const redeploy = useRef<HTMLDialogElement>(null);
  const [done, setDone] = useState<Done | undefined>();
  useEffect(() => {
    const timer = setTimeout(() => setDone(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const [to, setTo] = useState<number | undefined>();
  const [kind, setKind] = useState<keyof typeof KINDS>("replace");
  const kept = releases.filter(({ state }) => state === "kept");
  const target = kept.some(({ number }) => number === to) ? to : kept[0]?.number;
  const waits = standing?.underWay ? " It waits for the deployment that is under way." : "";
  return (
    <div class="actions">
      <p class={done?.ok === false ? "bad" : ""} role="status">
        {done?.message}
      </p>
      <button type="button" disabled={kept.length === 0} onClick={() => rollback.current?.showModal()}>
        Roll back …
      </button>
      <button type="button" disabled={standing?.live == null} onClick={() => redeploy.current?.showModal()}>
        Redeploy …
      </button>
      <Ask
        dialog={rollback}
        title="Roll back?"
        verb="Roll back"
        act={() => ask("/rollback", { to: target })}
        tell={setDone}
      >
        <label>
          Go back to
          <select value={target} onChange={({ currentTarget }) => setTo(Number(currentTarget.value))}>
            {kept.map(({ number, startedAt, files }) => (
              <option key={number} value={number}>
                release {number}, {date(startedAt)}, {files} files
              </option>
            ))}
          </select>
        </label>
        <p>
          Release {standing?.live?.release} stays kept. The site is held at the release that you choose until
          the bucket’s content changes.{waits}
        </p>
      </Ask>
      <Ask
        dialog={redeploy}
        title="Redeploy?"
        verb="Redeploy"
        act={() => ask("/redeploy", { kind })}
        tell={setDone}
      >
        <fieldset>
          <legend>What to deploy</legend>
          {(Object.keys(KINDS) as (keyof typeof KINDS)[]).map((one) => (
            <label key={one}>
              <input type="radio" name="kind" checked={kind === one} onChange={() => setKind(one)} />
              <span>
                {KINDS[one].what}
                <small>{KINDS[one].means}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <p>The new machine takes over once it has proven every page.{waits}</p>
      </Ask>
    </div>
  );
}

const KINDS = {
  replace: { what: "What is live, on a fresh machine", means: "The same content and the same unikernel." },
  content: { what: "What the bucket holds", means: "Does nothing when that is live already." },
  rebuild: {
    what: "What is live, compiled anew",
    means: "Builds the unikernel first, which takes minutes on AWS.",
  },
};

interface AskProps {
  readonly dialog: { readonly current: HTMLDialogElement | null };
  readonly title: string;
  readonly verb: string;
  readonly act: () => Promise<Done>;
  readonly tell: (done: Done) => void;
  readonly children: ComponentChildren;
}

function Ask({ dialog, title, verb, act, tell, children }: AskProps) {
  const [busy, setBusy] = useState(false);
  const id = title.replace(/\W/g, "").toLowerCase();
  const go = async () => {
    setBusy(true);
    tell(await act());
    setBusy(false);
    dialog.current?.close();
  };
  return (
    <dialog ref={dialog as never} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
      <div class="buttons">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" class="primary" disabled={busy} onClick={() => void go()}>
          {verb}
        </button>
      </div>
    </dialog>
  );
}
