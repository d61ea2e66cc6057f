import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../../sources/database/evidence.ts';
import { parseTableChoice } from '../../sources/postgres/part-choice.ts';
import { parseTableCopy } from '../../sources/mysql/table-copy.ts';
import type { ShownSnapshot } from '../../operations/show.ts';
import { showLines, tableName } from './show.ts';

test('tables are named as --table takes them, and apart from each other', () => {
  const names = [
    { schema: 'shop', name: 'orders' },
    { schema: 'a.b', name: 'c' },
    { schema: 'a', name: 'b.c' },
    { schema: 'Shop', name: 'or "d" ers=' },
  ];
  assert.deepEqual(names.map(tableName), ['shop.orders', '"a.b".c', 'a."b.c"', '"Shop"."or ""d"" ers="']);
  for (const table of names) {
    const { schema, name } = parseTableChoice(tableName(table));
    assert.deepEqual({ schema, name }, table);
  }
  for (const name of ['Orders', 'a b', 'a=b', 'a"b`c', 'ä']) {
    assert.equal(parseTableCopy(tableName({ schema: '', name })).name, name);
  }
});

test('sequences are shown by name and value', () => {
  const sequences = [
    `SELECT pg_catalog.setval('shop.orders_id_seq', 7, true);`,
    `SELECT pg_catalog.setval('"Ann''s"."x"', -1, false);`,
    `INSERT INTO sqlite_sequence VALUES('it''s',3);`,
    'SELECT something();',
  ];
  const evidence: Evidence = {
    ...{ version: 1, kind: 'postgres', database: 'shop', server: '18', dumpedBy: '18', encoding: 'UTF8' },
    ...{ extensions: [], schema: '', sequences, parts: [], tables: [] },
  };
  const snapshot = { paths: [], tags: [], excludes: [], timeMs: 0 } as unknown as ShownSnapshot['snapshot'];
  const lines = showLines({
    id: 'a',
    snapshot,
    evidence,
    lost: ['2-data.x.sql'],
  } as unknown as ShownSnapshot);
  assert.ok(lines.some((line) => /^lost: +2-data\.x\.sql$/.test(line)));
  const shown = lines.slice(lines.findIndex((line) => line.startsWith('Sequence')));
  const found = shown.map((line) => line.trim().split(/ {2,}/));
  assert.deepEqual(
    found.filter(([first]) => !/^-*$/.test(first!)),
    [
      ['Sequence', 'Stands at'],
      ['shop.orders_id_seq', '7'],
      [`"Ann's"."x"`, '-1, not used yet'],
      [`it's`, '3'],
      ['SELECT something();'],
    ],
  );
});
