import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { HoldfastError } from '../../kernel/errors.ts';
import { createMaskingKey } from '../masking/keyed-functions.ts';
import { parseMaskingRules } from '../masking/rules-file.ts';
import { writeMaskedCopy } from './masked-copy.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

const key = createMaskingKey(Buffer.from('0123456789abcdef'));

/** Rows of such databases go through SQL, so that the same database without says what is right. */
const throughSql = 'pragma auto_vacuum = full';

interface Outcome {
  readonly error: string | undefined;
  readonly rows: readonly string[];
}

async function maskedRows(folder: string, setting: string, made: Made): Promise<Outcome> {
  const from = join(folder, 'from.db');
  const to = join(folder, 'to.db');
  rmSync(from, { force: true });
  rmSync(to, { force: true });
  const database = new DatabaseSync(from);
  database.exec(
    `${setting}; pragma synchronous = off; pragma page_size = ${made.pageSize}; pragma encoding = '${made.encoding}'; begin`,
  );
  made.makeIn(database);
  database.exec('commit');
  database.close();
  try {
    const rules = parseMaskingRules(made.rules, 'm.yaml');
    await writeMaskedCopy(from, to, { rules, key, warn: () => {}, signal: new AbortController().signal });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { error: error.code, rows: [] };
  }
  const result = new DatabaseSync(to);
  try {
    assert.deepEqual({ ...result.prepare('pragma integrity_check').get() }, { integrity_check: 'ok' });
    const rows = made.queries.flatMap((query) =>
      result
        .prepare(query)
        .all()
        .map((row) => JSON.stringify(row)),
    );
    return { error: undefined, rows };
  } finally {
    result.close();
  }
}

interface Made {
  readonly pageSize: number;
  readonly encoding: string;
  readonly rules: string;
  readonly queries: readonly string[];
  makeIn(database: DatabaseSync): void;
}

const types: Readonly<Record<string, readonly string[]>> = {
  text: [
    'keep',
    'text',
    'email',
    'pseudonym',
    '{ fixed: "12" }',
    'phone',
    '{ json: { $.a: text } }',
    '"null"',
  ],
  'varchar(30)': ['keep', 'name', 'pseudonym', 'number', '{ date: 9 days }'],
  '': ['keep', 'pseudonym', 'text', 'number', '{ fixed: x }'],
  blob: ['keep', 'pseudonym', 'text'],
  integer: ['keep', 'pseudonym', 'number', '{ fixed: "-0012" }'],
  real: ['keep', 'number', '{ fixed: "1e3" }'],
  'decimal(10,2)': ['keep', 'number', '{ fixed: " 7 " }'],
  date: ['keep', '{ date: 30 days }', '{ fixed: 2001-02-03 }'],
};

const column = fc
  .constantFrom(...Object.keys(types))
  .chain((type) =>
    fc.record({ type: fc.constant(type), rule: fc.constantFrom(...types[type]!), required: fc.boolean() }),
  );

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom(
    '',
    '12',
    ' -1.50 ',
    '+7e2',
    '2024-02-29',
    '9223372036854775808',
    '{"a":"b@c.example"}',
    'to ada@b.example.org, now',
  ),
  fc.integer({ min: 40, max: 3000 }).map((length) => 'long '.repeat(length).slice(0, length)),
);
const value = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: -40000n, max: 40000n }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
);

const database = fc
  .record({
    pageSize: fc.constantFrom(512, 1024, 4096, 65536),
    encoding: fc.constantFrom('UTF-8', 'UTF-8', 'UTF-8', 'UTF-16le'),
    kind: fc.constantFrom('plain', 'plain', 'key', 'text key', 'without rowid'),
    emails: fc.boolean(),
    columns: fc.array(column, { minLength: 1, maxLength: 5 }),
    added: fc.option(column, { nil: undefined }),
    values: fc.array(
      fc.tuple(
        fc.bigInt({ min: -(2n ** 40n), max: 2n ** 62n }),
        fc.array(value, { minLength: 6, maxLength: 6 }),
      ),
      { maxLength: 40 },
    ),
    many: fc.constantFrom(1, 1, 1, 30),
  })
  .map(({ pageSize, encoding, kind, emails, columns, added, values, many }): Made => {
    const names = columns.map((_, i) => `c${i}`);
    const all = added ? [...columns, added] : columns;
    const first = {
      plain: '',
      key: 'id integer primary key,',
      'text key': 'id text primary key,',
      'without rowid': 'id text primary key,',
    }[kind];
    const definitions = columns.map(({ type, required }, i) => `c${i} ${type} ${required ? 'not null' : ''}`);
    const shown = all.map((_, i) => `typeof(c${i}) as t${i}, quote(c${i}) as v${i}`);
    const order = kind === 'without rowid' ? 'id' : 'rowid';
    return {
      pageSize,
      encoding,
      rules: `${emails ? 'email-anywhere: nobody@example.com\n' : ''}columns:\n  t.id: ${kind === 'text key' || kind === 'without rowid' ? 'pseudonym' : 'keep'}\n${all.map(({ rule }, i) => `  t.c${i}: ${rule}\n`).join('')}`,
      queries: [
        `select ${order === 'id' ? 'quote(id)' : 'cast(rowid as text)'} as number, ${shown.join(', ')} from t order by 1`,
        'select quote(a) as a, quote(b) as b from untouched order by rowid',
        'select count(*) as count from t indexed by by_c0 where c0 is not 0',
      ],
      makeIn(made) {
        made.exec(`create table untouched (a, b integer);
          create table t (${first} ${definitions.join(', ')}) ${kind === 'without rowid' ? 'without rowid' : ''};
          create index by_c0 on t (c0); create view seen as select c0 from t;
          create trigger never after insert on t when new.c0 = 'never' begin select raise(abort, 'no'); end`);
        const key = kind === 'plain' ? 'rowid' : 'id';
        const insert = made.prepare(
          `insert or ignore into t (${[key, ...names].join(', ')}) values (?${', ?'.repeat(names.length)})`,
        );
        const untouched = made.prepare('insert into untouched values (?, ?)');
        insert.setReadBigInts(true);
        for (let n = 0n; n < many; n++) {
          for (const [number, row] of values) {
            insert.run(number + n, ...row.slice(0, names.length));
            untouched.run(row[0]!, row[5]!);
          }
        }
        if (added) {
          made.exec(
            `alter table t add column c${columns.length} ${added.type} ${added.required ? "not null default '5'" : 'default 1.5'}`,
          );
          for (const [number, row] of values.slice(0, 3)) {
            made
              .prepare(`update or ignore t set c${columns.length} = ? where ${key} = ?`)
              .run(row[5]!, number);
          }
        }
      },
    };
  });

test('rows masked within pages are what SQL makes of them', async () => {
  await using folder = await makeTemporaryFolder(tmpdir(), Date.now);
  await fc.assert(
    fc.asyncProperty(database, async (made) => {
      const expected = await maskedRows(folder.path, throughSql, made);
      assert.deepEqual(await maskedRows(folder.path, '', made), expected);
    }),
    { numRuns: 40 },
  );
});
