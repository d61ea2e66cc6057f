/** Rows that mariadb-dump copies as bytes are the ones that it writes in letters, and are only copied where they would be. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startMariadb } from '../support/mariadb.ts';
import { runProgram } from '../support/program.ts';
import { type BackupProgram, holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

/** All types that hold numbers, dates and text, with what is hard to write, in a table whose name is as hard. */
const text = `
  set sql_mode = '';
  create table \`tä'\\\\ble\` (\`schlüssel\` int primary key auto_increment comment 'käse', a varchar(40) character set ascii
    default 'x', u3 varchar(40) character set utf8mb3, t mediumtext collate utf8mb4_bin, e enum('ä', 'ö''s'), s set('ü', 'x y'),
    d decimal(30, 3), f float, db double, dt datetime(6), ti time(2), y year, j json, u uuid, i6 inet6, i4 inet4,
    c char(3) default 'ß', g varchar(90) generated always as (concat(u3, '!')) virtual, b boolean, ts timestamp(3) null,
    big bigint unsigned, born date) default character set utf8mb4;
  insert into \`tä'\\\\ble\` (a, u3, t, e, s, d, f, db, dt, ti, y, j, u, i6, i4, b, ts, big, born) values
    ('abc', 'é€', 'nul \\0 lf \\n cr \\r '' " \\\\\\\\ sub \\Z tab \\t \\ud83d\\ude00 \\u00df', 'ä', 'ü,x y', -1.5, 1.5e-30,
      1.7976931348623157e308, '2020-02-03 04:05:06.123456', '-838:59:58.5', 1999, '{"a": "é\\\\n"}', 'ae0b7e1c-d80c-11ed-afa1-0242ac120002',
      '2001:db8::1', '1.2.3.4', true, '2021-01-01 00:00:00.5', 18446744073709551615, '0000-00-00'),
    ('', '', '', '', '', null, null, null, null, null, null, 'null', null, null, null, null, null, null, null);
  insert into \`tä'\\\\ble\` (t) values (repeat('päge ', 50000)), (0xf09f9880);
  create view seen as select 'é' as letter, t from \`tä'\\\\ble\`; create sequence counted;
`;

describe('rows of MariaDB that are text alone', { skip: skipWithout('mariadb', 'mariadb-dump') }, () => {
  let server: DatabaseServer & { readonly defaultsFile: string };
  let folder: string;
  let ours: BackupProgram;

  before(async () => {
    server = await startMariadb();
    folder = mkdtempSync(join(tmpdir(), 'holdfast-copied-'));
    // the same programs, but what the dump program is asked for is written down
    symlinkSync(join(server.bin, 'mariadb'), join(folder, 'mariadb'));
    const recorder = join(folder, 'mariadb-dump');
    writeFileSync(
      recorder,
      `#!/bin/sh\necho "$@" >> '${join(folder, 'asked')}'\nexec '${join(server.bin, 'mariadb-dump')}' "$@"\n`,
    );
    chmodSync(recorder, 0o755);
    const repository = join(folder, 'repository');
    await makeRepositoryFolder(repository, { chunker: 'fast' });
    const env = { HOLDFAST_MYSQL_BIN: folder, HOME: folder, SECRET: server.password };
    ours = holdfast({ repository, password, env });
  });
  after(async () => {
    await server.stop();
    removeTree(folder);
  });

  it('are copied, are what they would be in letters, and come back the same', async () => {
    await server.createDatabase('text');
    await server.query('text', text);
    const inBytes = await dumped('text');
    assert.equal(inBytes.wereCopied, true);
    assert.match(inBytes.sql, /SET NAMES utf8mb4 /);
    assert.doesNotMatch(inBytes.sql, /SET NAMES binary/);
    // every part but the one of the whole structure, which has the new table
    await server.query('text', 'create table zz (b varbinary(4)); insert into zz values (0xff00)');
    const inLetters = await dumped('text');
    assert.equal(inLetters.wereCopied, false);
    const rowsOf = (sql: string): string =>
      /^-- Dumping data for table `tä'[^]*?ENABLE KEYS/m.exec(sql)?.[0] ?? 'none';
    assert.equal(rowsOf(inBytes.sql), rowsOf(inLetters.sql));
    assert.ok(rowsOf(inBytes.sql).length > 250_000);
    assert.match(inLetters.sql, /\(0xFF00\)/);
    await server.query('text', 'drop table zz');

    const whole = await stockDump('text');
    await server.createDatabase('back');
    const client = [`--defaults-file=${server.defaultsFile}`, '--binary-mode', 'back'];
    await runProgram(join(server.bin, 'mariadb'), client, { input: Buffer.from(inBytes.sql) });
    assert.equal(await stockDump('back'), whole);
    await ours.run(['backup', url('text')]);
    await ours.run(['restore', 'latest', '--to', url('again'), '--create']);
    assert.equal(await stockDump('again'), whole);
  });

  it('are not copied where a column wants more: bytes, or another character set', async () => {
    await server.createDatabase('other');
    await server.query('other', `create table t (v varchar(20)); insert into t values ('é')`);
    const copied = async (...flags: string[]): Promise<boolean> =>
      (await dumped('other', ...flags)).wereCopied;
    assert.equal(await copied(), true);
    for (const column of [
      ...[
        'v binary(2)',
        'v varbinary(2)',
        'v tinyblob',
        'v blob',
        'v longblob',
        'v bit(3)',
        'v geometry',
        'v point',
      ],
      ...[
        'v varchar(9) character set latin1',
        'v text character set binary',
        `v enum('é') character set latin2`,
      ],
    ]) {
      await server.query('other', `create table extra (${column})`);
      assert.equal(await copied(), false, column);
      await server.query('other', 'drop table extra');
    }
    await server.query('other', 'create table extra (v blob); create view bytes as select v from extra');
    assert.equal(await copied(), false);
    assert.equal(await copied('--exclude-table', 'extra'), true, 'a table that is not taken, and a view');
    assert.equal(await copied('--exclude-table-data', 'extra'), true, 'a table whose rows are not taken');
  });

  /** The database's dump out of a snapshot, and how its rows were asked for. */
  async function dumped(database: string, ...flags: string[]): Promise<{ sql: string; wereCopied: boolean }> {
    rmSync(join(folder, 'asked'), { force: true });
    await ours.run(['backup', url(database), ...flags]);
    const asked = readFileSync(join(folder, 'asked'), 'utf8').split('\n');
    const forRows = asked.filter((line) => line.includes('--extended-insert'));
    assert.equal(forRows.length, 1);
    const isInBytes = forRows[0]!.includes('--default-character-set=binary');
    assert.notEqual(isInBytes, forRows[0]!.includes(' --hex-blob'));
    return { sql: (await ours.run(['dump', 'latest'])).stdout, wereCopied: isInBytes };
  }

  async function stockDump(database: string): Promise<string> {
    const args = [`--defaults-file=${server.defaultsFile}`, '--hex-blob', '--skip-dump-date'];
    const { stdout } = await runProgram(join(server.bin, 'mariadb-dump'), [
      ...[...args, '--default-character-set=utf8mb4', database],
    ]);
    return stdout.replaceAll(/^-- Host: .*$/gm, '--');
  }

  function url(database: string): string {
    return `mariadb://${server.user}@${server.host}:${server.port}/${database}?password_env=SECRET`;
  }
});
