import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext } from '../kernel/context.ts';
import { sha256 } from '../kernel/native/crypto.ts';
import { toHex } from '../kernel/hex.ts';
import { encodeIndex, type IndexedPack } from '../vaults/repository/format/index-file.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { idsOf, smallRepository } from '../testing/small-repository.ts';
import { readIndexedPacks, rewriteIndex } from './rewrite-index.ts';

const context = createContext();
const idOf = (text: string) => sha256(Buffer.from(text));

function pack(name: string, blobs = 2): IndexedPack {
  return {
    id: idOf(name),
    blobs: Array.from({ length: blobs }, (_, at) => ({
      type: 'data',
      id: idOf(`${name} ${at}`),
      offset: at * 100,
      length: 100,
      uncompressedLength: 0,
    })),
  };
}

async function indexed(repository: Repository): Promise<string[]> {
  const packs: string[] = [];
  for (const id of await idsOf(repository, 'index')) {
    for (const one of readIndexedPacks(await repository.readFile('index', id))) {
      packs.push(`${toHex(one.id).slice(0, 8)} ${one.blobs.length}`);
    }
  }
  return packs.sort();
}

const name = (text: string, blobs = 2) => `${toHex(idOf(text)).slice(0, 8)} ${blobs}`;

test('packs leave the index, repeated ones stand in it once, and small files become one', async () => {
  await using repository = await smallRepository();
  await repository.writeFile('index', encodeIndex([pack('a'), pack('b')]));
  await repository.writeFile('index', encodeIndex([pack('b'), pack('c')]));
  await repository.writeFile('index', encodeIndex([pack('b', 3)]));
  const gone = toHex(idOf('a'));
  const files = await idsOf(repository, 'index');
  const { removed } = await rewriteIndex(repository, { without: (id) => id === gone, files }, context);
  assert.deepEqual([...removed].sort(), files);
  assert.deepEqual(await indexed(repository), [name('b'), name('b', 3), name('c')].sort());
  assert.equal((await idsOf(repository, 'index')).length, 1);
});

test('a file that is full, or alone and right, is left as it is', async () => {
  await using repository = await smallRepository();
  const full = await repository.writeFile('index', encodeIndex([pack('full', 50_000)]));
  const small = await repository.writeFile('index', encodeIndex([pack('small')]));
  const rewrite = async (without: string) =>
    rewriteIndex(
      repository,
      { without: (id) => id === without, files: await idsOf(repository, 'index') },
      context,
    );
  assert.deepEqual(await rewrite('nothing'), { written: [], removed: [] });
  assert.deepEqual(await rewrite(toHex(idOf('small'))), { written: [], removed: [small] });
  assert.deepEqual(await idsOf(repository, 'index'), [full]);
});
