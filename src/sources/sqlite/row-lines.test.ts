import assert from 'node:assert/strict';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { tableSizes } from './inspect-database.ts';
import { jsonForm, statementForm } from './line-form.ts';
import { rowLines } from './row-lines.ts';
import { listTables } from './table-shape.ts';

function linesOf(database: DatabaseSync, name: string, form = statementForm('', '')): string {
  const shape = listTables(database).find((table) => table.name === name)!;
  const largest = tableSizes(database).get(name)?.largest ?? 0;
  return Buffer.concat([...rowLines(database, shape, largest, form)]).toString('latin1');
}

function everything(database: DatabaseSync, name: string): unknown[] {
  const query = `select typeof(a), cast(a as blob), hex(a), typeof(b), hex(b) from ${name} order by rowid`;
  return database.prepare(query).all();
}

const value = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('\n', '\\', 'n', '\0', "'", '\r', '%', 'é'), maxLength: 12 }),
  fc.uint8Array({ maxLength: 50 }),
);

for (const encoding of ['UTF-8', 'UTF-16le', 'UTF-16be']) {
  test(`lines of literals are the rows again, each in one line: ${encoding}`, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { maxLength: 12 }), (rows) => {
        const database = new DatabaseSync(':memory:');
        database.exec(`pragma encoding = '${encoding}'; create table t(a, b); create table u(a, b)`);
        const insert = database.prepare('insert into t values (?, ?)');
        for (const row of rows) insert.run(...(row as SQLInputValue[]));
        const lines = linesOf(database, 't', statementForm('insert into u values (', ');'));
        assert.equal(lines.split('\n').length, rows.length + 1);
        const json = linesOf(database, 't', jsonForm).split('\n').slice(0, -1);
        const rowsOfJson = json.map((line) => `${JSON.stringify(JSON.parse(line))}`).length;
        assert.equal(rowsOfJson, rows.length);
        database.exec(Buffer.from(lines, 'latin1').toString());
        assert.deepEqual(everything(database, 'u'), everything(database, 't'));
        database.close();
      }),
      { numRuns: 60 },
    );
  });
}

test('rows without numbers, with odd numbers, and beside columns of all names of the number', () => {
  const database = new DatabaseSync(':memory:');
  database.exec(`create table t(k text primary key, v, g as (v + 1)) without rowid;
    insert into t values ('b', 2), ('a', 1);
    create table n(v); insert into n(rowid, v) values (9223372036854775807, 'last'), (-9223372036854775808, 'first');
    create table r(rowid, _rowid_, oid); insert into r values (1, 2, 3);
    create table "q""'q"("x""'y" real); insert into "q""'q" values (1), (0.1), (9e999)`);
  assert.equal(linesOf(database, 't'), "'a',1\n'b',2\n");
  assert.equal(linesOf(database, 'n'), "'first'\n'last'\n");
  assert.equal(linesOf(database, 'r'), '1,2,3\n');
  assert.equal(linesOf(database, `q"'q`), '1.0\n0.1\n9.0e+999\n');
  database.close();
});

test('large rows and huge ones come by themselves, and whole', () => {
  const database = new DatabaseSync(':memory:');
  database.exec('create table t(a, b); create table u(a, b)');
  const insert = database.prepare('insert into t values (?, ?)');
  for (let i = 0; i < 5000; i++) insert.run(i, 'small');
  insert.run(Buffer.alloc(100_000, 'large'), 'beside\n it');
  insert.run(Buffer.alloc(9 << 20, 'huge blob'), 1.5);
  insert.run(Buffer.alloc(9 << 20, 'huge text \xe9').toString('latin1'), null);
  for (let i = 0; i < 3000; i++) insert.run(i, 'small again');
  const lines = linesOf(database, 't', statementForm('insert into u values (', ');'));
  assert.equal(lines.split('\n').length, 8004);
  database.exec(Buffer.from(lines, 'latin1').toString());
  const sorted = (name: string) =>
    database.prepare(`select typeof(a), a, typeof(b), b from ${name} order by typeof(a), a, b`).all();
  assert.deepEqual(sorted('u'), sorted('t'));
  database.close();
});

test('as JSON, values that look alike are different', () => {
  const database = new DatabaseSync(':memory:');
  database.exec(`create table t(a);
    insert into t values (null), (''), (x''), ('1'), (1), (1.0), (x'31'), ('["31"]'), ('null'), ('a' || char(0, 10) || '"')`);
  const lines = linesOf(database, 't', jsonForm).split('\n').slice(0, -1);
  assert.deepEqual(lines.slice(0, 7), ['[null]', '[""]', '[[""]]', '["1"]', '[1]', '[1.0]', '[["31"]]']);
  assert.equal(new Set(lines).size, 10);
  assert.deepEqual(JSON.parse(lines.at(-1)!), ['a\0\n"']);
  database.close();
});

test('a table of very many columns', () => {
  const database = new DatabaseSync(':memory:');
  const names = Array.from({ length: 1900 }, (_, i) => `c${i}`);
  const values = names.map((_, i) => (i % 3 === 0 ? `x'0${i % 10}'` : `${i}`));
  database.exec(`create table t(${names.join(', ')}); insert into t values (${values.join(', ')})`);
  assert.equal(linesOf(database, 't').toLowerCase(), `${values.join(',')}\n`);
  const [first, second, , fourth] = JSON.parse(linesOf(database, 't', jsonForm)) as unknown[];
  assert.deepEqual([first, second, fourth], [['00'], 1, ['03']]);
  database.close();
});

test('huge values as JSON are told apart by their type', () => {
  const database = new DatabaseSync(':memory:');
  database.exec("create table t(a, b); insert into t values (zeroblob(9000000), 'x')");
  const blob = linesOf(database, 't', jsonForm);
  assert.deepEqual(JSON.parse(blob), [['00'.repeat(9_000_000)], 'x']);
  database.exec('update t set a = cast(a as text)');
  assert.deepEqual(JSON.parse(linesOf(database, 't', jsonForm)), [['text', '00'.repeat(9_000_000)], 'x']);
  database.close();
});
