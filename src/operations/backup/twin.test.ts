import assert from 'node:assert/strict';
import test from 'node:test';
import { ByteWriter } from '../../kernel/bytes.ts';
import { testNode } from '../../testing/small-repository.ts';
import { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { encodeNodeHead } from '../../vaults/repository/format/node-encoder.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { TreeEncoder } from '../../vaults/repository/format/tree.ts';
import { openTwin, type Twin } from './twin.ts';

const id = (fill: number) => new Uint8Array(32).fill(fill);
const xattrs = [{ name: 'user.a"}]', value: Uint8Array.of(1, 2, 3) }];
const nodes: readonly Node[] = [
  testNode('a "quoted" }], name', { size: 5, links: 1, content: id(1) }),
  testNode('b', { size: 0, links: 1, content: new Uint8Array(0) }),
  testNode('c', { size: 7, links: 1, xattrs, content: Buffer.concat([id(2), id(3)]) }),
  testNode('d', { type: 'dir', mode: 0x800001ed, subtree: id(9), content: undefined }),
  testNode('e', { type: 'symlink', links: 1, linktarget: Buffer.from('}]{"\\'), content: undefined }),
];

function treeOf(list: readonly Node[]): Uint8Array {
  const encoder = new TreeEncoder();
  for (const node of list) encoder.add(node);
  return encoder.finish();
}

function headOf(node: Node): ByteWriter {
  const head = new ByteWriter();
  encodeNodeHead(head, node);
  return head;
}

function opened(list: readonly Node[]): Twin {
  const twin = openTwin(treeOf(list));
  assert.ok(twin);
  return twin;
}

test('a directory in which nothing changed is stepped through to its end', () => {
  const twin = opened(nodes);
  const index = BlobIndex.create();
  index.addPack(
    id(100),
    [1, 2, 3].map((n) => ({
      type: 'data' as const,
      id: id(n),
      offset: n * 100,
      length: 90,
      uncompressedLength: 0,
    })),
  );
  for (const node of nodes) {
    assert.equal(twin.atEnd, false);
    assert.equal(twin.matches(headOf(node)), true, Buffer.from(node.name).toString());
    if (node.type === 'file') assert.equal(twin.hasContent(index), true);
    if (node.type === 'dir') assert.deepEqual(twin.subtree(), id(9));
    twin.advance();
  }
  assert.equal(twin.atEnd, true);
});

test('the node that matched is its very bytes', () => {
  const twin = opened(nodes);
  twin.matches(headOf(nodes[0]!));
  const alone = Buffer.from(treeOf([nodes[0]!])).toString();
  assert.equal(`{"nodes":[${Buffer.from(twin.node()).toString()}]}\n`, alone);
});

test('any field of stat that differs is a difference', () => {
  const other = { sec: 1, nsec: 2, offset: 0 };
  const changes: Partial<Node>[] = [
    { mode: 1 },
    { mtime: other },
    { ctime: other },
    { uid: 77 },
    { gid: 77 },
    { user: 'x' },
    { inode: 5n },
    { deviceId: 6n },
    { size: 6 },
    { size: 0 },
    { links: 2 },
    { links: 0 },
  ];
  for (const change of changes) {
    assert.equal(
      opened(nodes).matches(headOf({ ...nodes[0]!, ...change })),
      false,
      JSON.stringify(Object.keys(change)),
    );
  }
});

test('content that the index does not have is not taken over', () => {
  const twin = opened(nodes);
  assert.equal(twin.matches(headOf(nodes[0]!)), true);
  assert.equal(twin.hasContent(BlobIndex.create()), false);
});

test('after an entry that is new or gone the others are found again', () => {
  const twin = opened(nodes);
  assert.equal(twin.find(Buffer.from('0 new')), undefined);
  assert.deepEqual(twin.find(nodes[1]!.name)?.name, new Uint8Array(Buffer.from('b')));
  assert.equal(twin.matches(headOf(nodes[2]!)), true);
  twin.advance();
  assert.equal(twin.find(Buffer.from('d2')), undefined);
  assert.equal(twin.matches(headOf(nodes[4]!)), true);
  twin.advance();
  assert.equal(twin.find(Buffer.from('z')), undefined);
  assert.equal(twin.atEnd, true);
});

test('a tree in another form is not stepped through', () => {
  assert.equal(openTwin(Buffer.from('{ "nodes": [] }')), undefined);
  assert.equal(openTwin(Buffer.from('{"nodes":[],"more":1}')), undefined);
  assert.ok(openTwin(treeOf([]))!.atEnd);
});
