import { size } from "../../../lib/words.ts";
import type { ChangedFiles, ReleaseRow } from "../view.ts";
import { count, exact, relative, seconds } from "./words.ts";

interface Props {
  readonly rows: readonly ReleaseRow[] | undefined;
  readonly now: number;
  readonly chosen: number | undefined;
  readonly choose: (release: number | undefined) => void;
}

/** The newest releases; the chosen one with its files, and its run in the picture. */
export function Releases({ rows, now, chosen, choose }: Props) {
  return (
    <section class="card" aria-labelledby="releases">
      <div class="head">
        <h2 id="releases">Releases</h2>
        <span class="aside">choose one to see its files and its run</span>
      </div>
      {rows === undefined ? (
        <p class="wait">Reading the releases …</p>
      ) : rows.length === 0 ? (
        <p class="wait">No release yet.</p>
      ) : (
        <section class="scroll tall" tabindex={0} aria-label="List of releases">
          <table class="releases">
            <thead>
              <tr>
                <th scope="col">Release</th>
                <th scope="col">When</th>
                <th scope="col">What</th>
                <th scope="col">Changes</th>
                <th scope="col" class="number">
                  Site
                </th>
                <th scope="col" class="number">
                  Took
                </th>
              </tr>
            </thead>
            {rows.map((row) => (
              <Row key={row.number} row={row} now={now} open={row.number === chosen} choose={choose} />
            ))}
          </table>
        </section>
      )}
    </section>
  );
}

const badges: Readonly<Record<string, string>> = { restored: "rolled back", preparing: "under way" };

function Row({
  row,
  now,
  open,
  choose,
}: {
  row: ReleaseRow;
  now: number;
  open: boolean;
  choose: Props["choose"];
}) {
  const { number, state, startedAt, endedAt, files, bytes } = row;
  const took = endedAt === undefined ? undefined : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  return (
    <tbody class={open ? "open" : ""}>
      <tr>
        <th scope="row">
          <button
            type="button"
            class="row"
            aria-expanded={open}
            onClick={() => choose(open ? undefined : number)}
          >
            {number}
          </button>
          <span class={`badge ${state}`}>{badges[state] ?? state}</span>
        </th>
        <td>
          <time dateTime={startedAt} title={exact(startedAt)}>
            {relative(startedAt, now)}
          </time>
        </td>
        <td>{reason(row)}</td>
        <td class="changes">{changes(row)}</td>
        <td class="number">{files !== undefined && `${count(files, "file")}, ${size(bytes ?? 0)}`}</td>
        <td class="number">{took !== undefined && seconds(took)}</td>
      </tr>
      {open && (
        <tr class="more">
          <td colSpan={6}>
            <More row={row} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

function reason({ reason, to, state }: ReleaseRow): string {
  if (to !== undefined) return `back to release ${to}`;
  if (state === "unchanged") return "content, nothing new";
  return {
    content: "new content",
    certificate: "new certificate",
    rebuild: "rebuilt",
    replace: "fresh machine",
    rollback: "rollback",
  }[reason];
}

function changes({ changes }: ReleaseRow) {
  if (changes === null) return null;
  const { added, changed, removed } = changes;
  if (added.files + changed.files + removed.files === 0) return <span class="none">same files</span>;
  return (
    <>
      <Count what="added" sign="+" files={added.files} />
      <Count what="changed" sign="~" files={changed.files} />
      <Count what="removed" sign="−" files={removed.files} />
      {added.bytes + changed.bytes > 0 && <span>{size(added.bytes + changed.bytes)}</span>}
    </>
  );
}

function Count({ what, sign, files }: { what: string; sign: string; files: number }) {
  if (files === 0) return null;
  return (
    <b class={what} title={what}>
      {sign}
      {files}
      <span class="hidden"> {what}</span>
    </b>
  );
}

function More({ row }: { row: ReleaseRow }) {
  const { changes, failure, startedAt, endedAt } = row;
  return (
    <>
      <p>
        Began {exact(startedAt)}
        {endedAt !== undefined && `, ended ${exact(endedAt)}`}
      </p>
      {failure !== undefined && <p class="cause">{failure}</p>}
      {changes !== null && (
        <div class="files">
          <Files what="added" files={changes.added} />
          <Files what="changed" files={changes.changed} />
          <Files what="removed" files={changes.removed} />
        </div>
      )}
    </>
  );
}

function Files({ what, files }: { what: string; files: ChangedFiles }) {
  if (files.files === 0) return null;
  return (
    <div>
      <h3>
        {count(files.files, "file")} {what}
      </h3>
      <ul class={what}>
        {files.first.map((name) => (
          <li key={name}>{name}</li>
        ))}
        {files.files > files.first.length && (
          <li class="rest">and {files.files - files.first.length} more</li>
        )}
      </ul>
    </div>
  );
}
