import { useEffect, useRef } from "preact/hooks";
import type { DrawnPart, DrawnWay, Picture, Point } from "../picture.ts";
import type { Run } from "../view.ts";
import { type Moves, movesOf } from "./moves.ts";
import { seconds } from "./words.ts";

/** The state machine, with a deployment that moves through it. */
export function PictureOf({ picture, run, now }: { picture: Picture; run: Run | null; now: number }) {
  const moves = movesOf(picture, run, now);
  const { width, height, parts, ways } = picture;
  const known = new Set(ways.map(({ from, to }) => `${from}\n${to}`));
  const leaps = [...moves.taken].filter((way) => !known.has(way)).map((way) => way.split("\n"));
  const box = useRef<HTMLElement>(null);
  const here = parts.find(({ name }) => name === (moves.at ?? moves.order.at(-1)));
  useEffect(() => {
    // Where it is wider than the screen, what goes on stays in sight.
    const { scrollWidth = 0, clientWidth = 0 } = box.current ?? {};
    if (here !== undefined) box.current?.scrollTo({ left: (here.x / width) * scrollWidth - clientWidth / 2 });
  }, [here, width]);
  return (
    <section ref={box} class="scroll" tabindex={0} aria-label="Picture of the state machine">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        height={height}
        role="img"
        aria-label={told(moves)}
      >
        <defs>
          {["idle", "taken", "failed"].map((kind) => (
            <marker
              key={kind}
              id={`to-${kind}`}
              class={kind}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="6"
              markerHeight="6"
              orient="auto"
            >
              <path d="M0 0.8 7.5 4 0 7.2z" />
            </marker>
          ))}
        </defs>
        {[...ways]
          .sort((a, b) => Number(isTaken(a, moves)) - Number(isTaken(b, moves)))
          .map((way) => (
            <Line key={`${way.from} ${way.to}`} way={way} taken={isTaken(way, moves)} />
          ))}
        {leaps.map(([from, to]) => (
          <Leap
            key={`${from} ${to}`}
            from={parts.find(({ name }) => name === from)}
            to={parts.find(({ name }) => name === to)}
          />
        ))}
        {parts.map((part) => (
          <Box key={part.name} part={part} moves={moves} />
        ))}
      </svg>
    </section>
  );
}

const isTaken = ({ from, to }: DrawnWay, { taken }: Moves) => taken.has(`${from}\n${to}`);

function Line({ way, taken }: { way: DrawnWay; taken: boolean }) {
  const kind = taken ? "taken" : "idle";
  const dashed = way.caught || way.back ? " dashed" : "";
  return <path class={`way ${kind}${dashed}`} d={rounded(way.points)} marker-end={`url(#to-${kind})`} />;
}

/** A failure's way to where failures end, which is not drawn as long as nobody goes it. */
function Leap({ from, to }: { from: DrawnPart | undefined; to: DrawnPart | undefined }) {
  if (from === undefined || to === undefined) return null;
  const side = to.x >= from.x ? 1 : -1;
  const [x1, y1] = [from.x + (side * from.width) / 2, from.y];
  const [x2, y2] = [to.x, to.y - (Math.sign(to.y - from.y) * to.height) / 2];
  return (
    <path
      class="way failed"
      d={`M${x1} ${y1}C${x1 + side * 60} ${y1} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}`}
      marker-end="url(#to-failed)"
    />
  );
}

function Box({ part, moves }: { part: DrawnPart; moves: Moves }) {
  const { name, x, y, width, height, task } = part;
  const spent = moves.spent.get(name);
  const kind = moves.failed.has(name)
    ? "failed"
    : moves.at === name
      ? "current"
      : spent === undefined
        ? "idle"
        : part.onFailure
          ? "failed"
          : "done";
  if (!task) return <circle class={`part joint ${kind}`} cx={x} cy={y} r={width / 2} />;
  return (
    <g class={`part ${kind}`} data-part={name}>
      {kind === "current" && (
        <rect
          class="halo"
          x={x - width / 2 - 3}
          y={y - height / 2 - 3}
          width={width + 6}
          height={height + 6}
          rx={10}
        />
      )}
      <rect x={x - width / 2} y={y - height / 2} width={width} height={height} rx={7} />
      <text x={x} y={spent === undefined ? y + 4 : y - 2}>
        {name}
      </text>
      {spent !== undefined && (
        <text class="spent" x={x} y={y + 12}>
          {kind === "failed" && !part.onFailure ? `failed after ${seconds(spent)}` : seconds(spent)}
        </text>
      )}
    </g>
  );
}

/** A line through points, its corners rounded. */
function rounded(points: readonly Point[]): string {
  const [start, ...rest] = points;
  if (start === undefined) return "";
  let path = `M${start.x} ${start.y}`;
  rest.forEach((corner, i) => {
    const next = rest[i + 1];
    const before = i === 0 ? start : rest[i - 1];
    if (next === undefined || before === undefined) path += `L${corner.x} ${corner.y}`;
    else {
      const [a, b] = [toward(corner, before), toward(corner, next)];
      path += `L${a.x} ${a.y}Q${corner.x} ${corner.y} ${b.x} ${b.y}`;
    }
  });
  return path;
}

function toward(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const part = Math.min(9, length / 2) / length;
  const tenth = (value: number) => Math.round(value * 10) / 10;
  return { x: tenth(from.x + (to.x - from.x) * part), y: tenth(from.y + (to.y - from.y) * part) };
}

function told({ at, order, failed }: Moves): string {
  if (order.length === 0) return "The states of a deployment. None has run yet.";
  const now = at === undefined ? "It has ended." : `It is in ${at}.`;
  const bad = failed.size > 0 ? ` Failed: ${[...failed].join(", ")}.` : "";
  return `The states of a deployment. Visited: ${order.join(", ")}. ${now}${bad}`;
}
