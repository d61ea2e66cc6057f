import assert from 'node:assert/strict';
import test from 'node:test';
import { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { newMasterKey, open } from '../../vaults/repository/format/seal.ts';
import { decompressInto } from '../../kernel/native/zstd.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import { walkPackHeader } from '../../vaults/repository/format/pack.ts';
import { createPacker, type FinishedPack } from '../../vaults/repository/worker/packer.ts';
import { createNodeSequence, type NodeSequence } from './node-sequence.ts';

const key = newMasterKey();
const bytes = (text: string) => new TextEncoder().encode(text);

function write(sequence: NodeSequence, node: string): void {
  sequence.begin();
  sequence.writer.writeAscii(node);
}

/** The JSON of the tree that a sequence stores. */
function stored(sequence: NodeSequence): string {
  const packs: FinishedPack[] = [];
  const packer = createPacker({
    key,
    claims: BlobIndex.create(),
    compression: 'auto',
    version: 2,
    packSize: 4 << 20,
    onPack: (pack) => packs.push(pack),
  });
  const tree = sequence.storeTree(packer);
  packer.finish();
  const [blob] = walkPackHeader(packs[0]!.header);
  const plain = open(key, packs[0]!.buffer.subarray(blob!.offset, blob!.offset + blob!.length));
  const json = blob!.uncompressedLength === 0 ? plain : new Uint8Array(blob!.uncompressedLength);
  if (blob!.uncompressedLength !== 0) assert.equal(decompressInto(json, plain), json.length);
  assert.deepEqual(Buffer.from(sha256(json)), Buffer.from(tree.id));
  assert.equal(tree.size, json.length);
  return Buffer.from(json).toString();
}

test('an empty tree, one node, many nodes', () => {
  assert.equal(stored(createNodeSequence(true, () => {})), '{"nodes":[]}\n');
  const one = createNodeSequence(true, () => {});
  write(one, '{1}');
  assert.equal(stored(one), '{"nodes":[{1}]}\n');
  const many = createNodeSequence(true, () => {});
  for (const node of ['{1}', '{2}', '{3}']) write(many, node);
  assert.equal(stored(many), '{"nodes":[{1},{2},{3}]}\n');
});

test('holes keep their places, whatever order they are filled in, and may stay empty', () => {
  let completions = 0;
  const sequence = createNodeSequence(true, () => completions++);
  const first = sequence.leaveHole();
  write(sequence, '{b}');
  const second = sequence.leaveHole();
  const third = sequence.leaveHole();
  write(sequence, '{e}');
  assert.equal(sequence.pending, 3);
  third(bytes('{d}'));
  first(bytes('{a1},{a2}'));
  assert.equal(completions, 0);
  second(bytes(''));
  assert.equal(completions, 1);
  assert.equal(Buffer.from(sequence.takeNodes()).toString(), '{a1},{a2},{b},{d},{e}');
  assert.equal(stored(sequence), '{"nodes":[{a1},{a2},{b},{d},{e}]}\n');
});

test('a tree that is too large to be held is the same tree', () => {
  const node = `{"${'x'.repeat(200_000)}"}`;
  const build = (compresses: boolean) => {
    const sequence = createNodeSequence(compresses, () => {});
    const hole = sequence.leaveHole();
    for (let i = 0; i < 100; i++) write(sequence, node);
    hole(bytes(Array.from({ length: 50 }, () => node).join(',')));
    for (let i = 0; i < 50; i++) write(sequence, node);
    return sequence;
  };
  const expected = `{"nodes":[${Array.from({ length: 200 }, () => node).join(',')}]}\n`;
  assert.equal(stored(build(true)), expected);
});
