/** Every tree, snapshot, index, key, config and pack header that restic wrote is read and written again to the same bytes. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { decompress } from '../../src/kernel/native/zstd.ts';
import { decodeConfig, encodeConfig } from '../../src/vaults/repository/format/config.ts';
import { encodeIndex, scanIndex } from '../../src/vaults/repository/format/index-file.ts';
import { decodeKeyFile, encodeKeyFile, openKey } from '../../src/vaults/repository/format/key.ts';
import {
  decodePackHeader,
  encodePackHeader,
  HEADER_LENGTH_SIZE,
  type PackBlob,
  packHeaderSize,
  readHeaderLength,
} from '../../src/vaults/repository/format/pack.ts';
import { type MasterKey, open } from '../../src/vaults/repository/format/seal.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/vaults/repository/format/snapshot.ts';
import { parseTree, TreeEncoder, TreeStream } from '../../src/vaults/repository/format/tree.ts';
import { decodeUnpacked } from '../../src/vaults/repository/format/unpacked.ts';
import { fixturePassword, fixturePath, readFixture, repositoryFixtures } from '../support/fixtures.ts';
import { restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';
import { makeTree } from '../support/tree.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

function recodeTree(json: Uint8Array): string {
  const encoder = new TreeEncoder();
  for (const node of parseTree(json)) encoder.add(node);
  return text(encoder.finish());
}

function recodeIndex(json: Uint8Array): string {
  const packs: { id: Uint8Array; blobs: PackBlob[] }[] = [];
  scanIndex(json, {
    pack: (ids, at) => void packs.push({ id: ids.slice(at, at + 32), blobs: [] }),
    blob: (type, ids, at, offset, length, uncompressedLength) =>
      void packs.at(-1)!.blobs.push({ type, id: ids.slice(at, at + 32), offset, length, uncompressedLength }),
  });
  return text(encodeIndex(packs));
}

interface Counted {
  trees: number;
  snapshots: number;
  indexes: number;
  packs: number;
}

/** Recodes all files of a repository. `old` forgives what restic of 2015 wrote otherwise: newlines, and `supersedes`. */
async function recodeRepository(
  files: Map<string, Buffer>,
  password: string,
  old: boolean,
): Promise<Counted> {
  const counted: Counted = { trees: 0, snapshots: 0, indexes: 0, packs: 0 };
  const same = (again: string, json: Uint8Array, path: string) =>
    assert.equal(old ? again.trimEnd() : again, old ? text(json).trimEnd() : text(json), path);
  const below = (folder: string) => [...files].filter(([path]) => path.startsWith(`${folder}/`));

  let key: MasterKey | undefined;
  for (const [path, bytes] of below('keys')) {
    const file = decodeKeyFile(bytes);
    same(text(encodeKeyFile(file)), bytes, path);
    key = await openKey(file, Buffer.from(password));
  }
  assert.ok(key, 'no key opened');
  const config = open(key, files.get('config')!);
  same(text(encodeConfig(decodeConfig(config))), config, 'config');

  for (const [path, bytes] of below('snapshots')) {
    const json = decodeUnpacked(open(key, bytes));
    same(text(encodeSnapshot(decodeSnapshot(json))), json, path);
    counted.snapshots++;
  }
  for (const [path, bytes] of below('index')) {
    const json = decodeUnpacked(open(key, bytes));
    const expected = old ? text(json).replace(/"supersedes":\[[^\]]*\],/, '') : text(json);
    same(recodeIndex(json), Buffer.from(expected), path);
    counted.indexes++;
  }
  for (const [path, bytes] of below('data')) {
    const headerEnd = bytes.length - HEADER_LENGTH_SIZE;
    const headerStart = headerEnd - readHeaderLength(bytes.subarray(-HEADER_LENGTH_SIZE), bytes.length);
    const header = open(key, bytes.subarray(headerStart, headerEnd));
    const blobs = decodePackHeader(header);
    assert.deepEqual(Buffer.from(encodePackHeader(blobs)), Buffer.from(header), path);
    assert.equal(packHeaderSize(blobs), bytes.length - headerStart, path);
    assert.equal(blobs.at(-1)!.offset + blobs.at(-1)!.length, headerStart, path);
    counted.packs++;
    for (const blob of blobs) {
      if (blob.type !== 'tree') continue;
      const stored = open(key, bytes.subarray(blob.offset, blob.offset + blob.length));
      const tree = blob.uncompressedLength === 0 ? stored : decompress(stored);
      assert.equal(recodeTree(tree), text(tree), path);
      counted.trees++;
    }
  }
  return counted;
}

for (const name of repositoryFixtures) {
  test(`all files of ${name} are written again as they were`, async () => {
    const counted = await recodeRepository(await readFixture(name), fixturePassword, name === 'small-repo');
    assert.ok(counted.trees >= 4 && counted.snapshots >= 1 && counted.indexes >= 1, JSON.stringify(counted));
  });
}

test('trees, snapshot and index of odd files by restic 0.19.1 are written again as they were', () => {
  const lines = gunzipSync(readFileSync(fixturePath('odd-tree.json.gz')))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  let nodes = 0;
  for (const line of lines) {
    const json = Buffer.from(`${line}\n`);
    if (line.startsWith('{"nodes":')) {
      assert.equal(recodeTree(json), `${line}\n`);
      nodes += parseTree(json).length;
      const stream = new TreeStream();
      const streamed = [...json].flatMap((byte) => stream.push(Uint8Array.of(byte)));
      assert.deepEqual([...streamed, ...stream.finish()], parseTree(json));
    } else if (line.startsWith('{"packs":')) {
      assert.equal(recodeIndex(json), `${line}\n`);
    } else {
      assert.equal(text(encodeSnapshot(decodeSnapshot(json))), line);
    }
  }
  assert.ok(nodes > 100, `${nodes} nodes`);
});

test(
  'all files of a repository that restic writes now are written again as they were',
  {
    skip: skipWithout('restic', 'setfattr', 'setfacl'),
  },
  async (t) => {
    const folder = tempFolder(t, 'golden');
    const source = join(folder, 'source');
    const repository = join(folder, 'repository');
    mkdirSync(source);
    makeTree(source);
    const program = restic({ repository, password: 'secret' });
    await program.run(['init']);
    await program.run(['backup', '--tag', 'a<b>&c', '--exclude', '*.<none>', '--host', 'höst', source]);
    const files = new Map<string, Buffer>();
    for (const entry of readdirSync(repository, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(path.slice(repository.length + 1), readFileSync(path));
    }
    const counted = await recodeRepository(files, 'secret', false);
    assert.ok(counted.trees > 8 && counted.snapshots === 1 && counted.indexes === 1, JSON.stringify(counted));
  },
);
