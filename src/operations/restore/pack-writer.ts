/** Reads the packs of a window, each once and by ranges, and has the workers put their blobs where they belong. */
import { type HoldfastError, hasCode } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { forEachWithin } from '../../kernel/parallel.ts';
import { fileName } from '../../vaults/repository/files.ts';
import { orderByPack, packRuns, type PackOrder, type PackRun } from './blob-uses.ts';
import type { Engine } from './engine.ts';
import { createPackMemory } from '../pack-memory.ts';
import type { PlanArena } from './plan-arena.ts';
import type { FailedBlob } from './protocol.ts';

export interface PackWriter {
  /** Writes the blobs that these files still need; `count` is their number. */
  write(arena: PlanArena, files: readonly number[], count: number): Promise<void>;
}

/** Packs in memory at a time, in bytes. */
const budget = 64 * 1024 * 1024;
/** What the smallest read counts for, so that few are under way however small they are. */
const leastCost = 4 * 1024 * 1024;

export function createPackWriter(engine: Engine): PackWriter {
  const { index, pool } = engine;
  const memory = createPackMemory();

  async function write(arena: PlanArena, files: readonly number[], count: number): Promise<void> {
    const order = orderByPack(index, arena, files, count);
    await pool.broadcast({ kind: 'uses', uses: order.uses });
    await forEachWithin(
      packRuns(index, order),
      ({ length }) => Math.max(length, leastCost),
      budget,
      (packRun) => restoreRun(order, packRun),
    );
  }

  async function restoreRun(order: PackOrder, { pack, start, length, from, to }: PackRun): Promise<void> {
    const name = fileName('pack', toHex(index.packId(pack)));
    const { signal } = engine.context;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      const range = { offset: start, length, memory: memory.take(length), signal };
      bytes = await engine.repository.storage.read(name, range);
    } catch (error) {
      if (!isDamage(error)) throw error;
      for (const blob of blobsOf(order, from, to)) await restoreAlone(order, blob, error);
      return;
    }
    const request = { kind: 'blobs', from, to, start, bytes } as const;
    const answer = await pool.run(request, [bytes.buffer]);
    memory.give(answer.memory);
    for (const blob of answer.failed) await restoreAlone(order, blob);
  }

  /** Once more, from wherever else the blob lies. */
  async function restoreAlone(
    order: PackOrder,
    { from, to }: FailedBlob,
    why?: HoldfastError,
  ): Promise<void> {
    const entry = order.uses.entries[order.uses.order[from]!]!;
    let bytes: Uint8Array | undefined;
    let reason = '';
    try {
      bytes = await engine.repository.readBlob('data', index.idOf(entry));
    } catch (error) {
      if (!isDamage(error)) throw error;
      reason = (why ?? error).message;
    }
    await pool.run({ kind: 'plain', from, to, bytes, reason });
  }

  return { write };
}

/** True for what concerns a pack, and not the storage as a whole. */
function isDamage(error: unknown): error is HoldfastError {
  return hasCode(error, 'corrupt', 'truncated', 'not-found', 'forbidden', 'failed');
}

/** The blobs among uses that lie in order, each with all its uses. */
function blobsOf({ uses: { entries, order } }: PackOrder, from: number, to: number): FailedBlob[] {
  const blobs: FailedBlob[] = [];
  for (let at = from; at < to;) {
    let end = at + 1;
    while (end < to && entries[order[end]!] === entries[order[at]!]) end++;
    blobs.push({ from: at, to: end });
    at = end;
  }
  return blobs;
}
