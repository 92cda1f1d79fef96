export interface Figure {
  readonly what: string;
  readonly ours: number;
  readonly unit: string;
  /** At most this much is aimed at, or at least. */
  readonly aim: number;
  readonly more?: true;
  readonly rival?: { readonly what: string; readonly value: number };
}

/** The figures as a Markdown table, as docs/figures.md shows them. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, ours, unit, aim, more, rival }) => {
    const other = rival === undefined ? "" : `${round(rival.value)} ${unit} (${rival.what})`;
    return `| ${what} | ${round(ours)} ${unit} | ${more ? "≥ " : ""}${round(aim)} ${unit} | ${other} |`.replaceAll(
      / +\|/g,
      " |",
    );
  });
  return ["| what | here | aim | the other way |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toFixed(1)));
}

/** The middle one; of an even number the lower of two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
