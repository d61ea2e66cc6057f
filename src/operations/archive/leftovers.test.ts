import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../../test/support/temp.ts';
import { createContext } from '../../kernel/context.ts';
import { createLocalStorage } from '../../storage/local.ts';
import type { Archive } from '../../vaults/archive/archive.ts';
import type { Layout } from '../../vaults/archive/layout/layout.ts';
import { backupToArchive } from './backup.ts';
import { performArchiveForget, planArchiveForget } from './forget.ts';
import type { ArchiveInput } from './input.ts';

const day = 86_400_000;
const options = { hostname: 'box', programVersion: 'holdfast test', tags: [] };
const input: ArchiveInput = {
  source: { host: 'db', database: 'shop', kind: 'stream', paths: ['/shop'] },
  async *artefacts() {
    yield { extension: '.sql', bytes: hello() };
  },
};

async function* hello(): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from('hello');
}

function archiveOn(root: string, layout: Layout): Archive {
  return { storage: createLocalStorage(root), layout, zone: 'UTC', encode: [], keys: {} };
}

function leave(root: string, name: string, days: number): void {
  const file = join(root, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'half');
  const then = new Date(Date.now() - days * day);
  utimesSync(file, then, then);
}

test('what killed runs left goes after a day with the next backup, and what others began stays', async (t) => {
  for (const [layout, name] of [
    ['daily', '2026-01-02/db-other_2026-01-02_01-00-00.sql.gz'],
    ['rolling', 'weekly/2026-01-02/db-shop_2026-01-02_01-00-00.sql'],
    ['flat', 'db-shop_2026-01-02_01-00-00.sql'],
    ['latest', 'db-shop.sql'],
    ['dated', '2026-01-02_01-00-00Z_db-shop/db-shop.sql'],
  ] as const) {
    const root = join(tempFolder(t), layout);
    const own = [
      `${name}-tmp-0a1b2c`,
      ...(layout === 'dated'
        ? [`${dirname(name)}/manifest.json-tmp-0a1b2c`, `${dirname(name)}/unfinished`]
        : []),
      '.holdfast/locks/x.json-tmp-0a1b2c',
    ];
    for (const one of own) leave(root, one, 60);
    const foreign = ['notes.txt-tmp-0a1b2c', 'mine/db-shop.sql-tmp-0a1b2c'];
    for (const one of foreign) leave(root, one, 60);
    // somebody may be writing it
    leave(root, `${name}-tmp-ffffff`, 0.5);
    await backupToArchive(archiveOn(root, layout), input, options, createContext());
    const left = (names: readonly string[]) => names.filter((one) => existsSync(join(root, one)));
    assert.deepEqual(left(own), layout === 'dated' ? [`${dirname(name)}/unfinished`] : [], layout);
    assert.deepEqual(left([...foreign, `${name}-tmp-ffffff`]).length, 3, layout);
    leave(root, `${name}-tmp-ffffff`, 2);
    await backupToArchive(archiveOn(root, layout), input, options, createContext());
    assert.deepEqual(left([...own, `${name}-tmp-ffffff`]), [], layout);
    if (name.includes('/')) assert.ok(!existsSync(join(root, dirname(name))), layout);
  }
});

test('forget removes all of a run of dated that was broken off, and nothing of one that may go on', async (t) => {
  const root = tempFolder(t);
  const archive = archiveOn(root, 'dated');
  const context = createContext();
  await backupToArchive(archive, input, options, context);
  const [made] = readdirSync(root).filter((name) => name.startsWith('20'));
  const [dead, slow] = ['2026-01-02_01-00-00Z_db-shop', '2026-01-03_01-00-00Z_db-shop'];
  for (const [folder, days] of [
    [dead, 60],
    [slow, 0.1],
  ] as const) {
    leave(root, `${folder}/db-shop.sql`, 60);
    leave(root, `${folder}/unfinished`, 60);
    leave(root, `${folder}/db-shop.anon.sql-tmp-0a1b2c`, days);
  }
  const plan = await planArchiveForget(
    archive,
    { policy: { kind: 'newest', count: 1 }, minSizeRatio: 0.5 },
    context,
  );
  await performArchiveForget(archive, plan, context);
  assert.deepEqual(
    readdirSync(root)
      .filter((name) => name.startsWith('20'))
      .toSorted(),
    [slow, made],
  );
  assert.equal(readdirSync(join(root, slow)).length, 3);
});
