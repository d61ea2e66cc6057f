/**
 * Damaged bytes never crash a decoder, hang it, or make it allocate without measure: it answers, or throws an error that
 * names what is wrong. What it does answer is what other JSON parsers see, and can be written again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { hasCode, HoldfastError } from '../../src/kernel/errors.ts';
import { decodeConfig, encodeConfig } from '../../src/vaults/repository/format/config.ts';
import { encodeIndex, scanIndex } from '../../src/vaults/repository/format/index-file.ts';
import { createKey, decodeKeyFile, encodeKeyFile } from '../../src/vaults/repository/format/key.ts';
import { decodeLock, encodeLock } from '../../src/vaults/repository/format/lock.ts';
import type { Node } from '../../src/vaults/repository/format/node.ts';
import {
  decodePackHeader,
  encodePackHeader,
  type PackBlob,
  readHeaderLength,
} from '../../src/vaults/repository/format/pack.ts';
import { newMasterKey, open, seal } from '../../src/vaults/repository/format/seal.ts';
import { decodeSnapshot } from '../../src/vaults/repository/format/snapshot.ts';
import { encodeNode, parseTree, TreeEncoder, TreeStream } from '../../src/vaults/repository/format/tree.ts';
import { decodeUnpacked, encodeUnpacked } from '../../src/vaults/repository/format/unpacked.ts';
import { ByteWriter } from '../../src/kernel/bytes.ts';
import { fixturePath } from '../support/fixtures.ts';
import { damaged } from './damage.ts';

const numRuns = 3000;

const lines = gunzipSync(readFileSync(fixturePath('odd-tree.json.gz')))
  .toString()
  .trimEnd()
  .split('\n');
const soundOf = (start: string) =>
  lines.filter((line) => line.startsWith(start)).map((line) => Buffer.from(`${line}\n`));
const trees = soundOf('{"nodes"').filter((tree) => tree.length < 8000);
const indexes = soundOf('{"packs"').map((index) =>
  Buffer.from(`${index.toString().slice(0, 2000)}`.replace(/,\{[^{]*$/, ']}]}\n')),
);
const snapshots = soundOf('{"time"');

/** What a decoder answers for damaged bytes, undefined when it refuses them in an orderly way. */
function orderly<T>(decode: () => T): T | undefined {
  const start = performance.now();
  try {
    return decode();
  } catch (error) {
    assert.ok(
      error instanceof HoldfastError,
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    assert.ok(hasCode(error, 'corrupt', 'unsupported'), error.code);
    assert.ok(error.message.length > 10 && error.message.length < 300, error.message);
    return undefined;
  } finally {
    assert.ok(performance.now() - start < 2000, 'took too long');
  }
}

function encodeAll(nodes: readonly Node[]): string {
  const w = new ByteWriter();
  for (const node of nodes) encodeNode(w, node);
  return Buffer.from(w.take()).toString();
}

test('damaged trees', () => {
  assert.ok(trees.length > 5);
  let read = 0;
  fc.assert(
    fc.property(damaged(trees), fc.integer({ min: 1, max: 3000 }), (bytes, size) => {
      const nodes = orderly(() => parseTree(bytes));
      const streamed = orderly(() => {
        const stream = new TreeStream();
        const got: Node[] = [];
        for (let at = 0; at < bytes.length; at += size)
          got.push(...stream.push(bytes.subarray(at, at + size)));
        return [...got, ...stream.finish()];
      });
      assert.deepEqual(streamed, nodes);
      if (!nodes) return;
      read++;
      const plain = JSON.parse(bytes.toString()) as { nodes: unknown[] | null };
      if (!/"nodes".*"nodes"/s.test(bytes.toString())) assert.equal(nodes.length, plain.nodes?.length ?? 0);
      const again = Buffer.from(`{"nodes":[${nodes.map((node) => encodeAll([node])).join(',')}]}`);
      assert.equal(encodeAll(parseTree(again)), encodeAll(nodes));
    }),
    { numRuns },
  );
  assert.ok(read > numRuns / 50, `only ${read} damaged trees could still be read: the damage is too coarse`);
});

test('damaged trees in order are encoded, others refused', () => {
  fc.assert(
    fc.property(damaged(trees), (bytes) => {
      const nodes = orderly(() => parseTree(bytes));
      orderly(() => {
        const encoder = new TreeEncoder();
        for (const node of nodes ?? []) encoder.add(node);
        assert.deepEqual(parseTree(encoder.finish()).length, nodes?.length ?? 0);
      });
    }),
    { numRuns: numRuns / 3 },
  );
});

function scan(json: Uint8Array): { id: Uint8Array; blobs: PackBlob[] }[] {
  const packs: { id: Uint8Array; blobs: PackBlob[] }[] = [];
  scanIndex(json, {
    pack: (ids, at) => void packs.push({ id: ids.slice(at, at + 32), blobs: [] }),
    blob: (type, ids, at, offset, length, uncompressedLength) =>
      void packs.at(-1)!.blobs.push({ type, id: ids.slice(at, at + 32), offset, length, uncompressedLength }),
  });
  return packs;
}

test('damaged indexes', () => {
  assert.ok(scan(indexes[0]!)[0]!.blobs.length > 5);
  fc.assert(
    fc.property(damaged(indexes), (bytes) => {
      const packs = orderly(() => scan(bytes));
      if (!packs) return;
      JSON.parse(bytes.toString());
      assert.deepEqual(scan(encodeIndex(packs)), packs);
    }),
    { numRuns },
  );
});

const header = encodePackHeader([
  { type: 'data', id: new Uint8Array(32).fill(1), offset: 0, length: 100, uncompressedLength: 0 },
  { type: 'tree', id: new Uint8Array(32).fill(2), offset: 100, length: 200, uncompressedLength: 500 },
  { type: 'data', id: new Uint8Array(32).fill(3), offset: 300, length: 70, uncompressedLength: 90 },
]);

test('damaged pack headers and their lengths', () => {
  fc.assert(
    fc.property(damaged([header]), fc.nat(2 ** 31 - 1), (bytes, packSize) => {
      const blobs = orderly(() => decodePackHeader(bytes));
      if (blobs) assert.ok(blobs.length <= bytes.length / 37);
      const length = orderly(() => readHeaderLength(bytes, packSize));
      if (length !== undefined) assert.ok(length + 4 <= packSize);
    }),
    { numRuns },
  );
});

const master = newMasterKey();
const key = encodeKeyFile(
  await createKey(Buffer.from('secret'), master, {
    hostname: 'h',
    username: 'u',
    cost: 'random-key',
    now: 0,
  }),
);
const config = encodeConfig({
  version: 2,
  id: 'ab'.repeat(32),
  chunkerPolynomial: 0x3da3358b4dc173n,
  extra: { more: [1] },
});
const lock = encodeLock({
  time: '2024-05-06T07:08:09Z',
  exclusive: true,
  hostname: 'h',
  username: 'u',
  pid: 7,
  uid: 1,
  gid: 2,
});

test('damaged snapshots, locks, configs and keys', () => {
  const decoders: readonly (readonly [readonly Uint8Array[], (bytes: Uint8Array) => unknown])[] = [
    [snapshots, decodeSnapshot],
    [[lock], decodeLock],
    [[config], decodeConfig],
    [[key], decodeKeyFile],
  ];
  for (const [sound, decode] of decoders) {
    for (const bytes of sound) assert.ok(decode(bytes));
    fc.assert(
      fc.property(damaged(sound), (bytes) => void orderly(() => decode(bytes))),
      { numRuns: numRuns / 3 },
    );
  }
});

test('damaged unpacked files, and damaged sealed ones', () => {
  const packed = [encodeUnpacked(indexes[0]!), encodeUnpacked(snapshots[0]!), snapshots[0]!];
  fc.assert(
    fc.property(damaged(packed), (bytes) => void orderly(() => decodeUnpacked(bytes))),
    { numRuns: numRuns / 3 },
  );
  const sealed = seal(master, header);
  fc.assert(
    fc.property(damaged([sealed]), (bytes) => {
      const opened = orderly(() => open(master, bytes));
      if (opened) assert.deepEqual(Buffer.from(bytes), Buffer.from(sealed));
    }),
    { numRuns: numRuns / 3 },
  );
});

test('random bytes', () => {
  const decoders = [
    parseTree,
    scan,
    decodePackHeader,
    decodeSnapshot,
    decodeLock,
    decodeConfig,
    decodeKeyFile,
    decodeUnpacked,
  ];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const decode of decoders) orderly(() => decode(bytes) as unknown);
      orderly(() => open(master, bytes));
    }),
    { numRuns: numRuns / 3 },
  );
});
