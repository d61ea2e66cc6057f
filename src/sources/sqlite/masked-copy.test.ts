import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { hasCode } from '../../kernel/errors.ts';
import { createRowMasker } from '../masking/copy-rows.ts';
import { createMaskingKey } from '../masking/keyed-functions.ts';
import { parseMaskingRules } from '../masking/rules-file.ts';
import { writeMaskedCopy } from './masked-copy.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

const key = createMaskingKey(Buffer.from('0123456789abcdef'));

interface Masked {
  readonly path: string;
  readonly warnings: readonly string[];
  /** rows as lists of values */
  ask(sql: string): unknown[][];
}

async function masked(t: TestContext, schema: string, rules: string, signal?: AbortSignal): Promise<Masked> {
  const folder = await makeTemporaryFolder(tmpdir(), Date.now);
  t.after(() => folder[Symbol.asyncDispose]());
  const from = join(folder.path, 'shop.db');
  const made = new DatabaseSync(from, { enableForeignKeyConstraints: false });
  made.exec(schema);
  made.close();
  const path = join(folder.path, 'masked.db');
  const warnings: string[] = [];
  await writeMaskedCopy(from, path, {
    ...{ key, rules: parseMaskingRules(rules, 'm.yaml'), warn: (message: string) => warnings.push(message) },
    signal: signal ?? new AbortController().signal,
  });
  return {
    ...{ path, warnings },
    ask(sql) {
      const database = new DatabaseSync(path, { readOnly: true });
      try {
        const statement = database.prepare(sql);
        statement.setReturnArrays(true);
        statement.setReadBigInts(true);
        return statement.all() as unknown as unknown[][];
      } finally {
        database.close();
      }
    },
  };
}

test('a database is the same but for its values, and keys hold', async (t) => {
  const { ask, path } = await masked(
    t,
    `pragma journal_mode = wal; pragma user_version = 7; pragma page_size = 8192;
    create table people (id integer primary key autoincrement, code integer unique, email text not null unique,
      bio text, photo blob, lower text generated always as (lower(email)) stored, check (length(email) > 3));
    create table orders (email text references PEOPLE (Email), line int, note, primary key (email, line)) without rowid;
    create table "odd ""name""" ("a b" text);
    insert into people (code, email, bio, photo) with recursive n (i) as (select 1 union all select i + 1 from n where i < 5000)
      select i, 'kanarek' || i || '@person.example.net', iif(i % 3, 'Kanarek ' || i, null), cast('kanarek' as blob) from n;
    insert into orders select email, 1, 'for ' || email from people;
    insert into "odd ""name""" values ('Kanarek'), (null), ('');
    create index by_bio on people (bio); create view v as select bio from people where email <> 'kanarek@view.example.net';
    create trigger never after insert on people begin select raise(abort, 'no'); end;
    delete from people where id > 4990; analyze;`,
    `email-anywhere: nobody@example.com
columns: { people.code: pseudonym, people.email: email, orders.email: email, bio: text, photo: pseudonym, '"odd ""name""".a b': { fixed: x } }`,
  );
  assert.deepEqual(ask('pragma integrity_check'), [['ok']]);
  const bytes = readFileSync(path).toString('latin1').toLowerCase();
  assert.ok(!bytes.includes('kanarek'));
  assert.deepEqual(ask('select count(*), count(distinct email), count(distinct code) from people'), [
    [4990n, 4990n, 4990n],
  ]);
  assert.deepEqual(ask('select count(*) from people join orders using (email)'), [[4990n]]);
  assert.deepEqual(ask('select count(*) from people where bio is null'), [[1663n]]);
  assert.deepEqual(ask('select count(*) from people where lower is not lower(email)'), [[0n]]);
  assert.deepEqual(ask(`select typeof(code), typeof(photo), typeof(email) from people limit 1`), [
    ['integer', 'blob', 'text'],
  ]);
  assert.deepEqual(ask('select * from "odd ""name"""'), [['x'], [null], ['x']]);
  assert.deepEqual(ask('pragma user_version'), [[7n]]);
  assert.deepEqual(ask('pragma journal_mode'), [['wal']]);
  assert.deepEqual(ask("select seq from sqlite_sequence where name = 'people'"), [[5000n]]);
  assert.deepEqual(
    ask("select type, name from sqlite_schema where name in ('v', 'never', 'by_bio') order by 2"),
    [
      ['index', 'by_bio'],
      ['trigger', 'never'],
      ['view', 'v'],
    ],
  );
  assert.equal(ask('select count(*) from sqlite_stat1')[0]![0], 5n);
});

test('indexes of words are made anew, and other modules are refused', async (t) => {
  const { ask, path } = await masked(
    t,
    `create table notes (id integer primary key, body text);
    insert into notes values (3, 'call kanarek'), (9, 'nothing');
    create virtual table own using fts5(body, tag unindexed); insert into own (rowid, body, tag) values (5, 'mr kanarek', 'a');
    create virtual table older using fts4(body); insert into older (docid, body) values (6, 'mrs kanarek');
    create virtual table words using fts5(body, content='notes', content_rowid='id'); insert into words (words) values ('rebuild');
    create virtual table seen using fts5vocab(own, row);
    create virtual table places using rtree(id, x0, x1); insert into places values (2, 1.5, 2.5);`,
    'columns: { body: text, places.*: keep }',
  );
  assert.ok(!readFileSync(path).toString('latin1').includes('kanarek'));
  assert.deepEqual(ask('select rowid, tag from own'), [[5n, 'a']]);
  assert.deepEqual(ask('select docid from older'), [[6n]]);
  assert.deepEqual(ask('select * from places'), [[2n, 1.5, 2.5]]);
  const [word] = (ask('select body from notes where id = 3')[0]![0] as string).split(/\W/);
  const found = ask(`select rowid from words where words match '"${word}"'`).flat();
  assert.ok(found.includes(3n), String(found));
  for (const [sql, words] of [
    [`create virtual table w using fts5(body, content='')`, /the index w keeps words without the texts/],
    ['create virtual table w using fts4(content="", body)', /the index w keeps words without the texts/],
  ] as const) {
    await assert.rejects(
      masked(t, sql, 'columns: {}'),
      (error) => hasCode(error, 'unsupported') && words.test(String(error)),
    );
  }
});

test('values of every storage class', async (t) => {
  const { ask } = await masked(
    t,
    `create table v (a, d datetime, n, s text);
    insert into v values (9223372036854775807, 1700000000, 1.5, 'a' || char(0) || 'b@c.example'),
      (null, 1700000000123, 100, char(8364) || 'x@y.example'), (x'00ff', '2024-02-29 10:00:00', 'none', cast(x'ff40' as text)),
      ('', 2460000.5, 0, ''), ('text', 1700000000.25, -7, 'plain');`,
    '{ email-anywhere: n@example.com, columns: { a: pseudonym, d: { date: 30 days }, n: number } }',
  );
  const rows = ask('select typeof(a), typeof(d), typeof(n), hex(s) from v');
  assert.deepEqual(
    rows.map((row) => row.slice(0, 3)),
    [
      ['integer', 'integer', 'real'],
      ['null', 'integer', 'integer'],
      ['blob', 'text', 'text'],
      ['text', 'real', 'integer'],
      ['text', 'real', 'integer'],
    ],
  );
  assert.deepEqual(
    rows.map((row) => row[3]),
    ['a\0n@example.com', '€x', '\xff@', '', 'plain']
      .map((text, i) => (i === 1 ? 'n@example.com' : text))
      .map((text, i) =>
        Buffer.from(text, i === 2 ? 'latin1' : 'utf8')
          .toString('hex')
          .toUpperCase(),
      ),
  );
  const times = ask('select d from v').map(([value]) => value);
  assert.ok(times[0] !== 1700000000n && Math.abs(Number(times[0]) - 1700000000) <= 30 * 86400);
  assert.ok(times[1] !== 1700000000123n && Math.abs(Number(times[1]) - 1700000000123) <= 30 * 86400_000);
  assert.ok(times[3] !== 2460000.5 && Math.abs(Number(times[3]) - 2460000.5) <= 30);
});

test('a value becomes what it becomes in a dump of PostgreSQL', async (t) => {
  const values = [
    'ada.lovelace@mail.example.org',
    'Ada Lovelace',
    '+44 20 7946 0958',
    'a longer text',
    'K-2041',
  ];
  const rules =
    'columns: { email: email, name: name, phone: phone, note: text, code: pseudonym, born: { date: 90 days } }';
  const columns = ['email', 'name', 'phone', 'note', 'code', 'born'];
  const { ask } = await masked(
    t,
    `create table people (${columns.map((name) => `${name} ${name === 'born' ? 'date' : 'text'}`).join(', ')});
    insert into people values (${values.map((value) => `'${value}'`).join(', ')}, '1815-12-10')`,
    rules,
  );
  const table = {
    name: 'people',
    columns: columns.map((name) => ({ name, type: name === 'born' ? 'date' : 'text' })),
  };
  const dump = createRowMasker(parseMaskingRules(rules, 'm.yaml'), key, table);
  const row = Buffer.from(dump.mask(Buffer.from(`${[...values, '1815-12-10'].join('\t')}\n`))).toString();
  assert.deepEqual(ask('select * from people')[0], row.trimEnd().split('\t'));
});

test('tables of every kind, whether a rule has to do with them or not', async (t) => {
  const { ask } = await masked(
    t,
    `create table strict_one (a text, n int, any_one any, b blob) strict; insert into strict_one values ('Kanarek', 123456, '12', x'00ff');
    create table "12" (rowid text, oid text, _rowid_ text); insert into "12" values ('Kanarek', 'b', 'c');
    create table made (a text, upper text as (upper(a)), twice int as (2 * length(a)) stored); insert into made values ('Kanarek');
    create table kept (a text, twice int as (2 * length(a)) stored, check (twice > 0)); insert into kept values ('stays');
    create table keyed (id integer primary key, a text); insert into keyed values (123456789, 'Kanarek');
    create table down (id integer primary key desc, a text); insert into down (rowid, id, a) values (5, 9, 'Kanarek');
    create table counted (id integer primary key autoincrement, a text); insert into counted values (41, 'Kanarek');
    create table folded (a text collate nocase primary key) without rowid; insert into folded values ('Kanarek');
    create table json (d text); insert into json values ('{"a":{"b":"Kanarek"}}'); create index within on json (d ->> '$.a.b') where d is not null;
    create view everybody as select a from made union all select a from keyed;`,
    `columns: { kept.*: keep, json.d: { json: { $.a: text } }, keyed.id: pseudonym, strict_one.n: pseudonym, strict_one.any_one: number,
      folded.a: { pseudonym: { ignore-case: true } }, "a": pseudonym, '"12".rowid': text, b: pseudonym }`,
  );
  assert.deepEqual(ask('pragma integrity_check'), [['ok']]);
  const shape = (sql: string): unknown => ask(sql)[0];
  const [text, number, any, blob] = ask('select a, n, any_one, hex(b) from strict_one')[0]!;
  assert.match(String(text), /^[A-Z][a-z]{6}$/);
  assert.ok(
    text !== 'Kanarek' && number !== 123456n && String(number).length === 6 && typeof number === 'bigint',
  );
  assert.ok(typeof any === 'string' && any !== '12' && blob !== '00FF');
  // the same value becomes the same in tables that are written in either way
  for (const table of ['made', 'keyed', 'down', 'counted']) {
    assert.deepEqual(shape(`select a from ${table}`), [text], table);
  }
  assert.deepEqual(shape('select upper, twice from made'), [String(text).toUpperCase(), 14n]);
  assert.deepEqual(shape('select a, twice from kept'), ['stays', 10n]);
  assert.ok(ask('select id from keyed')[0]![0] !== 123456789n);
  assert.deepEqual(shape('select rowid, id from down'), [5n, 9n]);
  assert.deepEqual(shape('select id from counted'), [41n]);
  assert.deepEqual(shape('select oid, _rowid_ from "12" where rowid <> \'Kanarek\''), ['b', 'c']);
  assert.deepEqual(
    ask(`select d ->> '$.a.b' from json indexed by within where d is not null`),
    ask(`select d ->> '$.a.b' from json not indexed`),
  );
  assert.deepEqual(ask('select count(*) from everybody'), [[2n]]);
});

test('UTF-16, and remarks in the schema', async (t) => {
  const { ask, warnings } = await masked(
    t,
    `pragma encoding = 'UTF-16le';
    create table a (b text, -- write to kanarek@remark.example.net
      c text default 'kanarek@default.example.net' /* him */, "d--e" text); insert into a values ('ä kanarek@b.example.net ö', '', '');`,
    '{ email-anywhere: nobody@example.com, columns: {} }',
  );
  assert.deepEqual(ask('select b from a'), [['ä nobody@example.com ö']]);
  assert.deepEqual(ask('pragma encoding'), [['UTF-16le']]);
  const [[sql]] = ask('select sql from sqlite_schema') as [[string]];
  assert.match(sql, /default 'nobody@example.com'\s+, "d--e" text/);
  assert.doesNotMatch(sql, /kanarek|him/);
  assert.deepEqual(warnings, ['comments in the schema are left out: 2']);
});

test('rules that do not fit are named before anything is written', async (t) => {
  const cases: [schema: string, rules: string, words: RegExp][] = [
    ['create table a (b, c)', '{ strict: true, columns: { b: keep } }', /no rule classifies a\.c/],
    [
      `create table a (d json); insert into a values ('{"x":1,"y":{"z":2}}')`,
      '{ strict: true, columns: { d: { json: { $.x: keep } } } }',
      /a row has in column a\.d what its rule cannot mask: strict, and none of its paths leads to \$\.y\.z$/,
    ],
    ['create table a (b)', '{ columns: { a.x: text } }', /there is no column a\.x/],
    ['create table a (b int not null)', '{ columns: { b: null } }', /does not take NULL/],
    [
      'create table a (b text unique)',
      '{ columns: { b: name } }',
      /a\.b is unique, and the rule name may make/,
    ],
    [
      'create table a (b text primary key); create table c (d references A)',
      '{ columns: { b: email } }',
      /c\.d refers to a\.b, and their rules differ/,
    ],
    [
      "create table a (b text default 'Ada')",
      '{ columns: { b: text } }',
      /default values of masked columns stay/,
    ],
    ['create table a (id integer primary key)', '{ columns: { id: number } }', /a\.id is unique/],
  ];
  for (const [schema, rules, words] of cases) {
    await assert.rejects(
      masked(t, schema, rules),
      (error) => hasCode(error, 'usage') && words.test(String(error)),
    );
  }
  await assert.rejects(
    masked(
      t,
      "create table a (b text check (b like '%@%')); insert into a values ('a@b.example')",
      'columns: { b: text }',
    ),
    (error) =>
      hasCode(error, 'failed') && /the masked rows do not fit: CHECK constraint failed/.test(String(error)),
  );
});

test('an abort ends it, and leaves no file', async (t) => {
  await assert.rejects(
    masked(
      t,
      'create table a (b); insert into a values (1)',
      'columns: { b: { fixed: 2 } }',
      AbortSignal.abort(),
    ),
    (error) => hasCode(error, 'interrupted'),
  );
});
