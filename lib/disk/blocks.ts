import { leadingTable, trailingTable } from "./gpt.ts";
import { blockBytes, type DiskPlan } from "./plan.ts";
import { bufferSource, ShortRead, type Source } from "./source.ts";

/** What the plan does not carry itself. */
export interface DiskSources {
  readonly boot: Source;
  readonly archive: Source;
}

/** One block of the disk. `data` is `blockBytes` long and must not be written to. */
export interface DiskBlock {
  readonly index: number;
  readonly data: Buffer;
}

/** How sources are read: `ahead` reads of `blocks` blocks each are under way before anyone asks. */
export interface ReadAhead {
  /** Default 8 (4 MiB: long enough that a range read from S3 is worth its round trip). */
  readonly blocks?: number;
  /** Default 4; memory is ahead × blocks × 512 KiB, 16 MiB by default. */
  readonly ahead?: number;
}

/** Sources are not those that the plan was made for. */
export class SourceMismatch extends Error {
  constructor(name: string, has: number, planned: number) {
    super(`The ${name} source has ${has} bytes, the disk was planned for ${planned}. Plan it again.`);
    this.name = "SourceMismatch";
  }
}

interface Run {
  readonly index: number;
  readonly source: Source;
  readonly offset: number;
  readonly length: number;
}

/**
 * The disk's blocks in order, those that are all zero left out. Reads ahead of its consumer; memory does not
 * grow with the disk. Throws SourceMismatch before the first block, later whatever a source's `read` throws.
 */
export async function* diskBlocks(
  plan: DiskPlan,
  sources: DiskSources,
  { blocks = 8, ahead = 4 }: ReadAhead = {},
): AsyncGenerator<DiskBlock, void, void> {
  const waiting: { run: Run; bytes: Promise<Buffer> }[] = [];
  for (const run of runs(plan, sources, blocks * blockBytes)) {
    const bytes = run.source.read(run.offset, run.length);
    // A rejection is met when its turn comes; until then, or if the consumer leaves, it is not unhandled.
    bytes.catch(() => {});
    waiting.push({ run, bytes });
    const next = waiting.length > ahead ? waiting.shift() : undefined;
    if (next !== undefined) yield* blocksOf(next.run, await next.bytes);
  }
  for (const { run, bytes } of waiting) yield* blocksOf(run, await bytes);
}

/** Every read that the disk takes, in order. Partitions begin on blocks, so no block has two sources. */
function* runs(plan: DiskPlan, sources: DiskSources, runBytes: number): Generator<Run> {
  const contents = { boot: sources.boot, identity: bufferSource(plan.identity), site: sources.archive };
  for (const { name, contentBytes } of plan.partitions) {
    const { size } = contents[name];
    if (size !== contentBytes) throw new SourceMismatch(name, size, contentBytes);
  }
  const head = leadingTable(plan.table);
  yield { index: 0, source: bufferSource(head), offset: 0, length: head.length };
  for (const { name, offset, contentBytes } of plan.partitions) {
    for (let at = 0; at < contentBytes; at += runBytes) {
      const length = Math.min(runBytes, contentBytes - at);
      yield { index: (offset + at) / blockBytes, source: contents[name], offset: at, length };
    }
  }
  const tail = trailingTable(plan.table);
  const last = Buffer.concat([Buffer.alloc(blockBytes - tail.length), tail]);
  yield { index: plan.blocks - 1, source: bufferSource(last), offset: 0, length: last.length };
}

const zeroBlock = Buffer.alloc(blockBytes);

function* blocksOf(run: Run, bytes: Buffer): Generator<DiskBlock> {
  if (bytes.length !== run.length) throw new ShortRead("A source", run.offset, run.length, bytes.length);
  for (let at = 0; at < run.length; at += blockBytes) {
    const piece = bytes.subarray(at, at + blockBytes);
    const data = piece.length === blockBytes ? piece : Buffer.concat([piece], blockBytes);
    if (!data.equals(zeroBlock)) yield { index: run.index + at / blockBytes, data };
  }
}
