/** Where the content of a large table is cut into pieces. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { cutIntoPieces, namesOfPiece } from './table-pieces.ts';

function blocks(count: number, seed: string): { content: Uint8Array; sizes: Uint32Array } {
  const ids = Array.from({ length: count }, (_, i) => createHash('sha256').update(`${seed} ${i}`).digest());
  return { content: Buffer.concat(ids), sizes: Uint32Array.from(ids, (id) => 1 + id.readUInt16LE(30)) };
}

function insert(into: ReturnType<typeof blocks>, at: number, other: ReturnType<typeof blocks>) {
  const content = Buffer.concat([
    into.content.subarray(0, at * 32),
    other.content,
    into.content.subarray(at * 32),
  ]);
  return {
    content,
    sizes: Uint32Array.from([...into.sizes.slice(0, at), ...other.sizes, ...into.sizes.slice(at)]),
  };
}

test('pieces put together are the whole, each with its own size', () => {
  for (const count of [0, 1, 1023, 1024, 20_000]) {
    const { content, sizes } = blocks(count, 'a');
    const pieces = cutIntoPieces(content, sizes);
    assert.ok(Buffer.concat(pieces.map((piece) => piece.content)).equals(content));
    let at = 0;
    for (const piece of pieces) {
      const own = sizes.subarray(at, at + piece.content.length / 32);
      assert.equal(
        piece.size,
        own.reduce((sum, size) => sum + size, 0),
      );
      at += own.length;
    }
    if (count > 0 && count < 1024) assert.equal(pieces.length, 1);
    if (count === 20_000) assert.ok(pieces.length > 30 && pieces.length < 120, `${pieces.length} pieces`);
  }
});

test('blocks that come in between change the piece that they are in, and few others', () => {
  const before = blocks(20_000, 'a');
  const key = (piece: { content: Uint8Array }) => createHash('sha1').update(piece.content).digest('hex');
  const known = new Set(cutIntoPieces(before.content, before.sizes).map(key));
  const after = insert(before, 7000, blocks(3, 'b'));
  const fresh = cutIntoPieces(after.content, after.sizes).filter((piece) => !known.has(key(piece)));
  assert.ok(fresh.length >= 1 && fresh.length <= 3, `${fresh.length} new pieces`);
});

test('names of pieces sort in their order', () => {
  const links = Array.from({ length: 12_000 }, (_, i) => namesOfPiece('2-data.a.b.sql', i).link);
  assert.deepEqual(links.toSorted(), links);
  assert.equal(links[0], '2-data.a.b.00001.sql');
});
