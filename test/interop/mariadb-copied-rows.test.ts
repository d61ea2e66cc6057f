/** Rows that mariadb-dump copies as bytes are in the end what it writes in letters, and are copied where that is so alone. */
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

/** All types that can be copied, with what is hard to write, in a table whose name is as hard, and all kinds of bytes. */
const difficult = `
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
  insert into \`tä'\\\\ble\` (t) select concat(seq, repeat(' and so on', 100)) from seq_1_to_9999;
  create view seen as select 'é' as letter, t from \`tä'\\\\ble\`; create sequence counted;
  create table bytes (id int invisible primary key auto_increment, b binary(4), vb varbinary(60) unique, tb tinyblob, t text,
    bl blob, mb mediumblob, lb longblob, flags bit(17), place geometry, way linestring, \`ö,)\` varbinary(9));
  insert into bytes (b, vb, tb, t, bl, mb, lb, flags, place, way, \`ö,)\`) values
    (x'0a00', x'00ff0a0d1a5c2722', x'fe', 'it''s \\\\0x', '),(', x'f09f9880', '', b'10000000000000001', point(1, -2.5),
      st_geomfromtext('linestring(0 0, 1 1)'), 'é'),
    (null, null, null, null, null, null, null, null, null, null, null), ('', '', '', '', '', '', '', 0, null, null, '');
  insert into bytes (lb, t) values (repeat(unhex('00ff27225c0a'), 50000), 'long'), (repeat(x'00', 33000), 'once too long'),
    (repeat('x', 32000), 'nearly');
  analyze table \`tä'\\\\ble\`, bytes;
`;

interface Dumped {
  readonly sql: string;
  readonly wereCopied: boolean;
}

describe('rows of MariaDB', { skip: skipWithout('mariadb', 'mariadb-dump') }, () => {
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
    await server.createDatabase('rows');
    await server.query('rows', difficult);
    const inBytes = await dumped('rows');
    assert.equal(inBytes.wereCopied, true);
    assert.match(inBytes.sql, /SET NAMES utf8mb4 /);
    assert.doesNotMatch(inBytes.sql, /SET NAMES binary/);
    const tables = await tablesOf('rows');
    await server.query('rows', `create table zz (l varchar(9) character set latin1)`);
    const inLetters = await dumped('rows');
    assert.equal(inLetters.wereCopied, false);
    for (const table of [`tä'`, 'bytes']) {
      const of = (sql: string): string => rowsOf(sql, table);
      assert.ok(of(inBytes.sql).length > 250_000);
      assert.equal(of(inBytes.sql), of(inLetters.sql));
    }
    const [, ...withoutNew] = (await tablesOf('rows')).toReversed();
    assert.deepEqual(withoutNew.toReversed(), tables);
    await server.query('rows', 'drop table zz');

    const whole = await stockDump('rows');
    await server.createDatabase('back');
    const client = [
      `--defaults-file=${server.defaultsFile}`,
      '--binary-mode',
      '--max-allowed-packet=1G',
      'back',
    ];
    await runProgram(join(server.bin, 'mariadb'), client, { input: Buffer.from(inBytes.sql) });
    assert.equal(await stockDump('back'), whole);
    await ours.run(['backup', url('rows')]);
    await ours.run(['restore', 'latest', '--to', url('again'), '--create']);
    assert.equal(await stockDump('again'), whole);
    await ours.run(['drill', 'latest']);
  });

  it('are not copied where most are bytes, but for a few in each', async () => {
    await server.createDatabase('uuids');
    const rows = `insert into t select unhex(md5(seq)), concat('row ', seq) from seq_1_to_9999; analyze table t`;
    await server.query('uuids', `create table t (id binary(16) primary key, name varchar(20)); ${rows}`);
    assert.equal((await dumped('uuids')).wereCopied, true);
    await server.query('uuids', 'alter table t modify id varbinary(65); analyze table t');
    assert.equal((await dumped('uuids')).wereCopied, false);
  });

  it('are not copied where text is in another character set', async () => {
    await server.createDatabase('other');
    await server.query('other', `create table t (v varchar(20)); insert into t values ('é')`);
    const copied = async (...flags: string[]): Promise<boolean> =>
      (await dumped('other', ...flags)).wereCopied;
    assert.equal(await copied(), true);
    for (const type of ['varchar(9) character set latin1', `enum('é') character set latin2`]) {
      await server.query('other', `create table extra (v ${type})`);
      assert.equal(await copied(), false, type);
      await server.query('other', 'drop table extra');
    }
    await server.query(
      'other',
      'create table extra (v text charset greek); create view greek as select v from extra',
    );
    assert.equal(await copied(), false);
    assert.equal(await copied('--exclude-table', 'extra'), true, 'a table that is not taken, and a view');
    assert.equal(await copied('--exclude-table-data', 'extra'), true, 'a table whose rows are not taken');
  });

  it('are masked in letters where there are bytes among them', async () => {
    const rules = join(folder, 'rules.yaml');
    const key = join(folder, 'key');
    writeFileSync(key, '0123456789abcdef'.repeat(4));
    writeFileSync(rules, `key: file:${key}\ncolumns:\n  t.name: name\n  t.raw: null\n`);
    await server.createDatabase('masked');
    await server.query(
      'masked',
      `create table t (id int invisible, name varchar(20), raw text); insert into t values ('Ada', 'Ada'), ('Bea', null)`,
    );
    assert.equal((await dumped('masked', '--mask', rules)).wereCopied, true);
    await server.query('masked', 'alter table t modify raw blob');
    const masked = await dumped('masked', '--mask', rules);
    assert.equal(masked.wereCopied, false);
    assert.match(masked.sql, /,NULL\);/);
    assert.doesNotMatch(masked.sql, /Ada|Bea|416461/);
  });

  /** The database's dump out of a snapshot, and how its rows were asked for. */
  async function dumped(database: string, ...flags: string[]): Promise<Dumped> {
    rmSync(join(folder, 'asked'), { force: true });
    await ours.run(['backup', url(database), ...flags]);
    const asked = readFileSync(join(folder, 'asked'), 'utf8').split('\n');
    const forRows = asked.filter((line) => line.includes('--extended-insert') && !line.includes('--no-data'));
    assert.equal(forRows.length, 1);
    const isInBytes = forRows[0]!.includes('--default-character-set=binary');
    assert.notEqual(isInBytes, forRows[0]!.includes(' --hex-blob'));
    return { sql: (await ours.run(['dump', 'latest'])).stdout, wereCopied: isInBytes };
  }

  /** Tables of the last snapshot, with their rows and the checksum of these. */
  async function tablesOf(database: string): Promise<unknown[][]> {
    const path = `/mariadb/${server.host}_${server.port}/${database}/evidence.json`;
    const { stdout } = await ours.run(['dump', 'latest', path]);
    const { tables } = JSON.parse(stdout) as {
      tables: { name: string; rows: number; checksum: string }[];
    };
    return tables.map(({ name, rows, checksum }) => [name, rows, checksum]);
  }

  /** A table's rows in a dump. */
  function rowsOf(sql: string, table: string): string {
    const start = sql.indexOf(`-- Dumping data for table \`${table}`);
    return start < 0 ? '' : sql.slice(start, sql.indexOf('ENABLE KEYS', start));
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
