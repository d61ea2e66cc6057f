import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '../../kernel/native/crypto.ts';
import { testNode } from '../../testing/small-repository.ts';
import { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { orderByPack, packRuns } from './blob-uses.ts';
import { PlanArena } from './plan-arena.ts';

const id = (text: string) => sha256(Buffer.from(text));

/** Packs of blobs that are named and sealed as long as given, one after another. */
function indexOf(packs: Record<string, readonly (readonly [name: string, length: number])[]>): BlobIndex {
  const index = BlobIndex.create();
  for (const [pack, blobs] of Object.entries(packs)) {
    let offset = 0;
    index.addPack(
      id(pack),
      blobs.map(([name, length]) => {
        const blob = { type: 'data', id: id(name), offset, length, uncompressedLength: length } as const;
        offset += length;
        return blob;
      }),
    );
  }
  return index;
}

function plan(index: BlobIndex, files: readonly (readonly string[])[]) {
  const arena = new PlanArena(new SharedArrayBuffer(1 << 16));
  const root = arena.addDirectory(new Uint8Array(0));
  const entryOf = (name: string) => index.find('data', id(name));
  const refs = files.map((blobs, i) => {
    const node = testNode(`${i}`, {});
    return arena.add(node, node.name, root, blobs.map(entryOf), false);
  });
  return { arena, refs, count: files.flat().length };
}

const mebi = 1024 * 1024;

test('uses go by pack in the order of the snapshot, and by place; offsets are those in the file', () => {
  const index = indexOf({
    p: [
      ['a', 10],
      ['b', 20],
    ],
    q: [['c', 30]],
  });
  const { arena, refs, count } = plan(index, [
    ['c', 'b'],
    ['b', 'a', 'b'],
  ]);
  const order = orderByPack(index, arena, refs, count);
  const runs = [...packRuns(index, order)];
  assert.deepEqual(
    runs.map(({ pack, start, length, from, to }) => [pack, start, length, from, to]),
    [
      [1, 0, 30, 0, 1],
      [0, 0, 30, 1, 5],
    ],
  );
  const { files, entries, offsets } = order.uses;
  const shown = Array.from(order.uses.order, (use) => [
    refs.indexOf(files[use]!),
    index.offsetOf(entries[use]!),
    offsets[use],
  ]);
  assert.deepEqual(shown, [
    [0, 0, 0],
    [1, 0, 20],
    [0, 10, 30],
    [1, 10, 0],
    [1, 10, 30],
  ]);
});

test('near blobs are read together, far ones apart, and never too much at once', () => {
  const index = indexOf({
    p: [
      ['a', 100],
      ['hole', 400_000],
      ['b', 100],
      ['far', 3 * mebi],
      ['c', 15 * mebi],
      ['d', 15 * mebi],
    ],
  });
  const { arena, refs, count } = plan(index, [['a', 'b', 'c', 'd']]);
  const runs = [...packRuns(index, orderByPack(index, arena, refs, count))];
  assert.deepEqual(
    runs.map(({ start, length }) => [start, length]),
    [
      [0, 400_200],
      [400_200 + 3 * mebi, 15 * mebi],
      [400_200 + 18 * mebi, 15 * mebi],
    ],
  );
});

test('what is there already is not asked for', () => {
  const index = indexOf({
    p: [
      ['a', 10],
      ['b', 20],
    ],
  });
  const { arena, refs } = plan(index, [['a', 'b']]);
  arena.markMatched(refs[0]!, 0);
  const order = orderByPack(index, arena, refs, 1);
  assert.deepEqual([...order.uses.offsets], [10]);
});
