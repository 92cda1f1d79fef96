import type { Source } from "./source.ts";

const windowBytes = 8 * 1024 * 1024;

/** Reads in large pieces what is asked for in small ones, mostly in order; the last two pieces are held. */
export function readAhead(source: Source): Source {
  let pieces: { readonly start: number; readonly end: number; readonly bytes: Promise<Buffer> }[] = [];
  return {
    size: source.size,
    async read(offset, length) {
      const end = offset + length;
      let piece = pieces.find((one) => one.start <= offset && end <= one.end);
      if (piece === undefined) {
        const reach = Math.min(source.size, Math.max(end, offset + windowBytes));
        piece = { start: offset, end: reach, bytes: source.read(offset, reach - offset) };
        pieces = [piece, ...pieces].slice(0, 2);
      }
      const bytes = await piece.bytes;
      return bytes.subarray(offset - piece.start, end - piece.start);
    },
  };
}
