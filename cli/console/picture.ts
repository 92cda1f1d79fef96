import { type EdgeLabel, Graph, type GraphLabel, layout, type NodeLabel } from "@dagrejs/dagre";
import { type Flow, flowOf, type Part, type Way } from "./flow.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A part of a state machine as it is drawn: a box around a point. */
export interface DrawnPart extends Part, Point {
  readonly width: number;
  readonly height: number;
}

export interface DrawnWay extends Way {
  /** From the edge of one box to that of the other. */
  readonly points: readonly Point[];
}

/** A state machine as a picture, top down; lengths in CSS pixels. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly parts: readonly DrawnPart[];
  readonly ways: readonly DrawnWay[];
}

/** Text is drawn with 12 pixels in whatever font the reader's system has: this is a wide one. */
const CHARACTER = 6.7;
const BOX = { padding: 10, height: 36 };
const JOINT = 9;
const MARGIN = 3;

/** The ways that dagre knows to align what it draws; undefined takes the middle of all. */
const ALIGNMENTS = [undefined, "UL", "UR", "DL", "DR"] as const;

/**
 * Lays a state machine out from its definition in the Amazon States Language, as straight and as narrow as it
 * gets. Throws ZodError for what is no definition. Pure.
 */
export function pictureOf(definition: string): Picture {
  const flow = flowOf(definition);
  const tries = ALIGNMENTS.map((align) => laidOut(flow, align));
  return tries.reduce((best, one) => (cost(one) < cost(best) ? one : best));
}

/** Bends of the main line count as much as width. */
function cost({ width, ways }: Picture): number {
  const bends = ways
    .filter(({ main }) => main)
    .map(({ points }) => Math.abs((points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0)));
  return width + bends.reduce((sum, bend) => sum + bend, 0);
}

function laidOut({ parts, ways }: Flow, align: (typeof ALIGNMENTS)[number]): Picture {
  const graph = new Graph<GraphLabel, NodeLabel, EdgeLabel>();
  graph.setGraph({ rankdir: "TB", nodesep: 14, ranksep: 16, edgesep: 10, ...(align && { align }) });
  for (const { name, task } of parts) {
    const width = task ? Math.round(name.length * CHARACTER + 2 * BOX.padding) : JOINT;
    graph.setNode(name, { width, height: task ? BOX.height : JOINT });
  }
  // A way back is laid out as if it led on, else it would turn the order of what it connects.
  const ends = ({ from, to, back }: Way): [string, string] => (back ? [to, from] : [from, to]);
  for (const way of ways) graph.setEdge(...ends(way), { weight: way.main ? 8 : 1, labelpos: "c" });
  layout(graph);
  const boxes = parts.map((part) => {
    const { x = 0, y = 0, width = 0, height = 0 } = graph.node(part.name);
    return { ...part, x, y, width, height };
  });
  const lines = ways.map((way) => {
    const points = graph.edge(...ends(way)).points ?? [];
    return { ...way, points: way.back ? points.toReversed() : points };
  });
  return cropped(boxes, lines);
}

/** Moves everything so that it begins at the margin: dagre does not count ways in its width. */
function cropped(parts: readonly DrawnPart[], ways: readonly DrawnWay[]): Picture {
  const points = ways.flatMap((way) => way.points);
  const xs = [
    ...parts.flatMap(({ x, width }) => [x - width / 2, x + width / 2]),
    ...points.map(({ x }) => x),
  ];
  const ys = [
    ...parts.flatMap(({ y, height }) => [y - height / 2, y + height / 2]),
    ...points.map(({ y }) => y),
  ];
  const [left, top] = [Math.min(...xs) - MARGIN, Math.min(...ys) - MARGIN];
  const moved = <T extends Point>(one: T): T => ({ ...one, x: tenth(one.x - left), y: tenth(one.y - top) });
  return {
    width: Math.ceil(Math.max(...xs) - left + MARGIN),
    height: Math.ceil(Math.max(...ys) - top + MARGIN),
    parts: parts.map(moved),
    ways: ways.map((way) => ({ ...way, points: way.points.map(moved) })),
  };
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
