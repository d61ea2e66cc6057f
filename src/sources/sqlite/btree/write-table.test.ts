import assert from 'node:assert/strict';
import { ftruncateSync, openSync, closeSync, readFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { hasCode } from '../../../kernel/errors.ts';
import { makeTemporaryFolder } from '../temporary-folder.ts';
import { localSize, lockPage, writeUint32 } from './cell-layout.ts';
import { openNewPages } from './new-pages.ts';
import { readTable } from './read-table.ts';
import { openStoredPages } from './stored-pages.ts';
import { readVarint, varintEnd } from './varint.ts';
import { createTableWriter } from './write-table.ts';

function make(path: string, sql: string): number {
  const made = new DatabaseSync(path);
  made.exec(`pragma page_size = 512; pragma synchronous = off; ${sql}`);
  const { root } = made.prepare("select rootpage as root from sqlite_schema where name = 't'").get() as {
    root: number;
  };
  made.close();
  return root;
}

function copyRows(from: string, fromRoot: number, to: string, toRoot: number): void {
  using stored = openStoredPages(from);
  using pages = openNewPages(to);
  const writer = createTableWriter(pages, toRoot);
  for (const leaf of readTable(stored, fromRoot)) {
    for (let i = 0; i < leaf.count; i++) {
      const { page, number, numberEnd, bytes, start, end } = leaf.row(i);
      writer.beginRow(page, number, numberEnd, 1);
      writer.output.writeRange(bytes, start, end);
      writer.endRow();
    }
  }
  writer.finish();
  pages.finish();
}

function askAll(path: string, sql: string): string {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return JSON.stringify(database.prepare(sql).all());
  } finally {
    database.close();
  }
}

test('tables of every height are what they were, and sound', async () => {
  await using folder = await makeTemporaryFolder(tmpdir(), Date.now);
  const all = 'select cast(rowid as text) as number, a, hex(b) as b from t order by rowid';
  // around those where a page more is needed: 512 bytes have room for 34 pages of the next lower height
  for (const rows of [0, 1, 2, 40, 1000, 34 * 30, 35 * 30, 68 * 30, 69 * 30, 50_000]) {
    const from = join(folder.path, `from${rows}.db`);
    const to = join(folder.path, `to${rows}.db`);
    const schema = 'create table t (a, b)';
    const root = make(
      from,
      `${schema}; insert into t (rowid, a, b) with recursive n (i) as (select 1 union all select i + 1 from n where i < ${rows})
        select i * 40000 - 9000000, i, zeroblob(case when i % 3000 = 1 then 20000 else i % 7 end) from n where i <= ${rows}`,
    );
    copyRows(from, root, to, make(to, schema));
    assert.equal(askAll(to, 'pragma integrity_check'), '[{"integrity_check":"ok"}]');
    assert.equal(askAll(to, all), askAll(from, all));
  }
});

test('the page where other programs take locks is left out', async () => {
  await using folder = await makeTemporaryFolder(tmpdir(), Date.now);
  const path = join(folder.path, 'large.db');
  make(path, 'create table t (a)');
  const lock = lockPage(512);
  const file = openSync(path, 'r+');
  const count = new Uint8Array(4);
  writeUint32(count, 0, lock - 2);
  writeSync(file, count, 0, 4, 28);
  // most of it takes no room on the disk
  ftruncateSync(file, (lock - 2) * 512);
  closeSync(file);
  {
    using pages = openNewPages(path);
    assert.equal(pages.next, lock - 1);
    pages.add()[0] = 1;
    assert.equal(pages.next, lock + 1);
    pages.add()[0] = 2;
    pages.finish();
  }
  using stored = openStoredPages(path);
  assert.equal(stored.count, lock + 1);
  const found = new Uint8Array(3 * 512);
  stored.read(lock - 1, found);
  assert.deepEqual([found[0], found[512], found[1024]], [1, 0, 2]);
});

test('pages that lead nowhere, or in a circle, are told', async () => {
  await using folder = await makeTemporaryFolder(tmpdir(), Date.now);
  const path = join(folder.path, 'from.db');
  const root = make(
    path,
    `create table t (a); insert into t with recursive n (i) as (select 1 union all select i + 1 from n where i < 900)
      select iif(i = 1, zeroblob(9000), i) from n`,
  );
  const sound = readFileSync(path);
  const damaged = (place: number, bytes: readonly number[]): void => {
    const file = openSync(path, 'r+');
    writeSync(file, sound);
    writeSync(file, Uint8Array.from(bytes), 0, bytes.length, place);
    closeSync(file);
    using pages = openStoredPages(path);
    assert.throws(
      () => {
        for (const leaf of readTable(pages, root)) for (let i = 0; i < leaf.count; i++) leaf.row(i);
      },
      (error) => hasCode(error, 'corrupt') && /from\.db is damaged: /.test(String(error)),
    );
  };
  const start = (root - 1) * 512;
  assert.equal(sound[start], 5);
  damaged(start, [99]);
  damaged(start + 3, [0xff]);
  damaged(start + 8, [0, 0, 0, root]);
  damaged(start + 8, [0, 9, 9, 9]);
  damaged(start + 12, [0xff]);
  const leaf = (sound.readUInt32BE(start + sound.readUInt16BE(start + 12)) - 1) * 512;
  const cell = leaf + sound.readUInt16BE(leaf + 8);
  // a row of all the file's bytes and more, and one whose further pages are not there
  damaged(cell, [0xff, 0xff, 0xff, 0x7f]);
  const number = varintEnd(sound, cell);
  damaged(varintEnd(sound, number) + localSize(readVarint(sound, cell), 512), [0, 9, 9, 9]);
});
