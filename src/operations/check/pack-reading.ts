/** The part of the check that reads packs: each once, by this thread, and worked on by the others. */
import { availableParallelism } from 'node:os';
import type { Context } from '../../kernel/context.ts';
import { hasCode, HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { forEachWithin } from '../../kernel/parallel.ts';
import type { Pool } from '../../kernel/pool.ts';
import { createPool, workerModule } from '../../kernel/pool.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { fileName } from '../../vaults/repository/files.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import type { PackMemory } from '../pack-memory.ts';
import type { CheckAnswer, CheckRequest } from './check-protocol.ts';
import type { PackLayout } from './pack-layout.ts';
import type { KnownPack } from './stored-packs.ts';
import type { TreeGraph } from './tree-graph.ts';

export type CheckPool = Pool<CheckRequest, CheckAnswer>;

/**
 * Starts the first thread, which takes a while: best done before the repository is opened. Whether there is work for the
 * others is known then.
 */
export function startCheckPool(): CheckPool {
  return createPool<CheckRequest, CheckAnswer>(workerModule(import.meta.url, './check-worker'), {
    size: availableParallelism(),
    first: 1,
    data: undefined,
    depth: 2,
  });
}

export interface Reading {
  readonly repository: Repository;
  readonly pool: CheckPool;
  readonly index: BlobIndex;
  readonly layout: PackLayout;
  readonly graph: TreeGraph;
  readonly memory: PackMemory;
  readonly context: Context;
}

/** Packs in memory at a time, in bytes; four packs of the usual size are worked on or waiting, two on their way. */
const budget = 100 * 1024 * 1024;
/** Trees that lie further apart than this are read by themselves. */
const gap = 128 * 1024;
const mostAtOnce = 8 * 1024 * 1024;

/** A pack that is not what it must be. */
export interface BrokenPack {
  readonly id: string;
  /** one sentence, as restic words it */
  readonly message: string;
  /** false when the file could not be read at all: then there is nothing to repair in it */
  readonly damaged: boolean;
}

/** Reads whole packs and checks everything in them; with `trees`, what their trees say goes into the graph. */
export async function readPacks(
  reading: Reading,
  packs: readonly KnownPack[],
  trees: boolean,
  broken: (pack: BrokenPack) => void,
  done: (pack: KnownPack) => void,
): Promise<void> {
  await forEachWithin(
    packs,
    (pack) => pack.storedSize ?? 0,
    budget,
    async (pack) => {
      throwIfAborted(reading.context.signal);
      const first = await readPack(reading, pack, trees);
      if (first) {
        // Once more: what was wrong may have been the way here.
        const second = await readPack(reading, pack, trees);
        const once = `check successful on second attempt, original error ${first.message}`;
        broken(second ?? { id: first.id, message: once, damaged: false });
      }
      done(pack);
    },
  );
}

async function readPack(
  { repository, pool, graph, memory, context }: Reading,
  pack: KnownPack,
  trees: boolean,
): Promise<BrokenPack | undefined> {
  const id = toHex(pack.id);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    // What somebody wrote behind the end is told with the size, and harms no blob.
    const length = Math.min(pack.size, pack.storedSize ?? pack.size);
    bytes = await repository.storage.read(fileName('pack', id), {
      length,
      memory: memory.take(length),
      signal: context.signal,
    });
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'interrupted') throw error;
    return { id, message: `download error: ${error.message}`, damaged: false };
  }
  const answer = await pool.run({ kind: 'pack', pack: pack.pack, bytes, trees }, [bytes.buffer]);
  memory.give(answer.memory);
  for (const tree of answer.trees) graph.add(tree);
  const count = answer.errors.length;
  if (count === 0) return undefined;
  return { id, message: `pack ${id} contains ${count} errors: [${answer.errors.join(' ')}]`, damaged: true };
}

/** Bytes of a pack that hold trees. */
interface TreeRun {
  readonly pack: KnownPack;
  /** positions in the layout's order */
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly length: number;
}

/** Reads the trees of packs that are not read whole, and nothing else. Trees that cannot be read stay out of the graph. */
export async function readTrees(reading: Reading, packs: readonly KnownPack[]): Promise<void> {
  const { repository, pool, graph, context } = reading;
  const runs = packs
    .filter(({ storedSize }) => storedSize !== undefined)
    .flatMap((pack) => treeRuns(reading, pack));
  await forEachWithin(
    runs,
    ({ length }) => length,
    budget,
    async ({ pack, from, to, start, length }) => {
      throwIfAborted(context.signal);
      let bytes: Uint8Array<ArrayBuffer>;
      try {
        const name = fileName('pack', toHex(pack.id));
        const rest = pack.storedSize! - start;
        if (rest <= 0) return;
        bytes = await repository.storage.read(name, {
          offset: start,
          length: Math.min(length, rest),
          signal: context.signal,
        });
      } catch (error) {
        if (!(error instanceof HoldfastError) || hasCode(error, 'interrupted')) throw error;
        context.warn(`trees in pack ${toHex(pack.id)} could not be read: ${messageOf(error)}`);
        return;
      }
      const answer = await pool.run({ kind: 'trees', from, to, start, bytes }, [bytes.buffer]);
      for (const tree of answer.trees) graph.add(tree);
    },
  );
}

function treeRuns({ index, layout }: Reading, pack: KnownPack): TreeRun[] {
  const runs: TreeRun[] = [];
  let run: { from: number; to: number; start: number; end: number } | undefined;
  const close = () => {
    if (run) runs.push({ pack, from: run.from, to: run.to, start: run.start, length: run.end - run.start });
  };
  for (let at = layout.starts[pack.pack]!; at < layout.starts[pack.pack + 1]!; at++) {
    const entry = layout.order[at]!;
    if (index.typeOf(entry) !== 'tree') continue;
    const offset = index.offsetOf(entry);
    const end = offset + index.lengthOf(entry);
    if (run && offset - run.end <= gap && end - run.start <= mostAtOnce) {
      run.to = at + 1;
      run.end = Math.max(run.end, end);
    } else {
      close();
      run = { from: at, to: at + 1, start: offset, end };
    }
  }
  close();
  return runs;
}
