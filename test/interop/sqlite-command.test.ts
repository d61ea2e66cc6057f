/** The command line with SQLite databases, while the stock sqlite3 writes to them, and what sqlite3 says of the results. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { runProgram } from '../support/program.ts';
import { type BackupProgram, holdfast, holdfastBin } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

interface Shop {
  readonly folder: string;
  /** of the database */
  readonly path: string;
  /** for the copies that are made meanwhile */
  readonly temporary: string;
  readonly ours: BackupProgram;
  sql(path: string, text: string): Promise<string>;
}

async function shop(t: TestContext, rows: number): Promise<Shop> {
  const folder = tempFolder(t);
  const path = join(folder, 'a shop%20.db');
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const repository = join(folder, 'repository');
  await makeRepositoryFolder(repository, { chunker: 'fast' });
  const sql = async (path: string, text: string): Promise<string> =>
    (
      await runProgram(toolPath('sqlite3'), ['-batch', '-bail', '-cmd', '.timeout 20000', path], {
        input: text,
      })
    ).stdout;
  await sql(
    path,
    `pragma journal_mode = wal; create table item(id integer primary key, text, n int); create table twin(id integer primary key, n int);
     insert into item with recursive i(i) as (select 1 union all select i + 1 from i where i < ${rows})
       select i, 'item ' || i || hex(randomblob(100)), 0 from i;
     insert into twin select id, 0 from item; create index by_text on item(text);`,
  );
  return {
    folder,
    path,
    temporary,
    sql,
    ours: holdfast({ repository, password, env: { TMPDIR: temporary } }),
  };
}

test(
  'a database that sqlite3 writes to is backed up, and comes back in every form',
  { skip: skipWithout('sqlite3'), timeout: 240_000 },
  async (t) => {
    const { folder, path, temporary, ours, sql } = await shop(t, 20_000);
    chmodSync(path, 0o640);
    const busy = new AbortController();
    const writing = (async () => {
      for (let i = 1; !busy.signal.aborted; i++) {
        // both tables in one transaction: whoever sees one without the other sees no state that ever was
        await sql(
          path,
          `begin immediate; update item set n = ${i} where id = 1; update twin set n = ${i}; commit;`,
        );
      }
    })();
    try {
      await ours.run(['backup', `sqlite:${path}`]);
    } finally {
      busy.abort();
      await writing;
    }
    assert.deepEqual(readdirSync(temporary), []);
    const state = `select (select n from item where id = 1) = min(n) and min(n) = max(n), count(*) from twin;`;

    const copy = join(folder, 'copy.db');
    const told = await ours.run(['restore', 'latest', '--to', `sqlite://${encodeURI(copy)}`]);
    assert.match(told.stdout, /restored 2 tables with 40000 rows into /);
    assert.equal(await sql(copy, `pragma integrity_check; ${state}`), 'ok\n1|20000\n');
    assert.equal(statSync(copy).mode & 0o777, 0o640);
    const again = await ours.run(['restore', 'latest', '--to', `sqlite:${copy}`], { expect: 'any' });
    assert.notEqual(again.status, 0);
    assert.match(again.stderr, /copy\.db exists\nhint: /);
    await sql(copy, 'drop table twin; delete from item;');
    await ours.run(['restore', 'latest', '--to', `sqlite:${copy}`, '--table', 'twin', '--table', 'item=old']);
    assert.equal(await sql(copy, 'select count(*) from twin, item; select count(*) from old;'), '0\n20000\n');
    await ours.run(['restore', 'latest', '--to', `sqlite:${copy}`, '--clean', '--yes']);
    assert.equal(await sql(copy, state), '1|20000\n');

    const { bytes } = await ours.run(['dump', 'latest']);
    const made = join(folder, 'made.db');
    await runProgram(toolPath('sqlite3'), ['-batch', '-bail', made], { input: bytes });
    assert.equal(await sql(made, '.sha3sum'), await sql(copy, '.sha3sum'));
    assert.deepEqual(readdirSync(temporary), []);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('holdfast')),
      [],
    );
  },
);

test(
  'Ctrl-C leaves no copy and no snapshot',
  { skip: skipWithout('sqlite3'), timeout: 120_000 },
  async (t) => {
    const { folder, path, temporary, ours } = await shop(t, 150_000);
    const child = spawn(process.execPath, [holdfastBin, 'backup', `sqlite:${path}`], {
      env: {
        ...process.env,
        HOLDFAST_REPOSITORY: join(folder, 'repository'),
        HOLDFAST_PASSWORD: password,
        HOLDFAST_NO_CACHE: '1',
        TMPDIR: temporary,
      },
    });
    const ended = once(child, 'close');
    while (child.exitCode === null && readdirSync(temporary).length === 0) await delay(2);
    child.kill('SIGINT');
    assert.deepEqual(await ended, [130, null]);
    assert.deepEqual(readdirSync(temporary), []);
    assert.deepEqual(await ours.json(['snapshots']), []);
  },
);

test('what is no database is named, and makes no snapshot', { timeout: 60_000 }, async (t) => {
  const folder = tempFolder(t);
  const repository = join(folder, 'repository');
  await makeRepositoryFolder(repository, { chunker: 'fast' });
  const ours = holdfast({ repository, password });
  const text = join(folder, 'notes.txt');
  writeFileSync(text, 'no database '.repeat(100));
  const cases: [operand: string, words: RegExp][] = [
    [`sqlite:${text}`, /notes\.txt is not a SQLite database/],
    [`sqlite:${folder}/nothing.db`, /nothing\.db: no such file or directory/],
    [`sqlite:${folder}`, /is not a file/],
    ['sqlite:', /the URL names no database/],
    ['sqlite://elsewhere/app.db', /a SQLite database is a file of this machine/],
    ['sqlite:///50%', /has a % that encodes nothing/],
  ];
  for (const [operand, words] of cases) {
    const { status, stderr } = await ours.run(['backup', operand], { expect: 'any' });
    assert.equal(status, 1, operand);
    assert.match(stderr, words);
  }
  assert.deepEqual(await ours.json(['snapshots']), []);
});
