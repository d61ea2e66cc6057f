import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../../sources/database/evidence.ts';
import { mysqlDrill } from '../../sources/mysql/drill-driver.ts';
import { compare } from './compare.ts';
import type { Observation } from './observation.ts';

function seen(masked: Evidence['masked'], schema: string, objects: Record<string, string>): Observation {
  const evidence: Evidence = {
    ...{
      version: 1,
      kind: 'mysql',
      database: 'shop',
      server: '8.4.0',
      dumpedBy: '8.4.0',
      encoding: 'utf8mb4 x',
    },
    ...{ extensions: [], schema: 'a', sequences: [], parts: [], tables: [] },
    ...(masked && { masked }),
  };
  return {
    evidence,
    schema,
    objects: new Map(Object.entries(objects)),
    gathered: new Map(),
    others: new Map(),
  };
}

test('a hash that older versions took of programs before masking is no difference, and said to be not compared', () => {
  const told = (masked: Evidence['masked'], schema: string, definition = 'x') => {
    const stored = seen(masked, schema, { 'TRIGGER t': 'x' });
    return compare(stored, seen(masked, 'a', { 'TRIGGER t': definition }), mysqlDrill);
  };
  const rules = 'f00';
  const older = told({ rules }, 'b');
  assert.deepEqual(older.differences, []);
  assert.match(older.notes.join(), /was not compared: an older version/);
  assert.deepEqual(told({ rules }, 'a').notes, []);
  assert.deepEqual(told({ rules }, 'b', 'y').differences, ['TRIGGER t is defined differently']);
  const wrong = ['the schema in the snapshot is not the one that was backed up'];
  assert.deepEqual(told({ rules, programs: true }, 'b').differences, wrong);
  assert.deepEqual(told(undefined, 'b').differences, wrong);
});

test('what a dump in one file makes is compared word by word, and by names where the releases differ', () => {
  const told = (server: string, objects: Record<string, string>) => {
    const restored = seen(undefined, 'a', objects);
    const { evidence } = restored;
    return compare(
      {
        ...{ ...restored, evidence: { ...evidence, format: 'sql', server }, objects: new Map() },
        gathered: new Map([['TABLE t', 'x']]),
      },
      restored,
      mysqlDrill,
    );
  };
  assert.deepEqual(told('8.4.1', { 'TABLE t': 'x' }).notes, []);
  assert.deepEqual(told('8.4.1', { 'TABLE t': 'x' }).differences, []);
  assert.deepEqual(told('8.4.1', { 'TABLE t': 'y' }).differences, ['TABLE t is defined differently']);
  assert.deepEqual(told('8.0.1', { 'TABLE t': 'y' }).differences, []);
  assert.match(
    told('8.0.1', { 'TABLE t': 'y' }).notes.join(),
    /by their names alone, for the versions differ/,
  );
  assert.deepEqual(told('8.0.1', {}).differences, ['TABLE t is missing']);
});

test('rows into which the server writes times are counted alone', () => {
  const told = (rows: number, more: { rowTimes?: true }) => {
    const seenWith = (count: number, checksum: string): Observation => {
      const plain = seen(undefined, 'a', {});
      const table = { schema: '', name: 't', part: 'p', rows: count, checksum, ...more };
      return { ...plain, evidence: { ...plain.evidence, tables: [table] } };
    };
    return compare(seenWith(2, 'x'), seenWith(rows, 'y'), mysqlDrill);
  };
  const sound = told(2, { rowTimes: true });
  assert.deepEqual(sound.differences, []);
  assert.match(sound.notes.join(), /^the rows of t were counted and not compared, /);
  assert.deepEqual(
    sound.tables.map(({ same, counted }) => [same, counted]),
    [[true, true]],
  );
  assert.deepEqual(told(1, { rowTimes: true }).differences, ['t has 1 rows instead of 2']);
  assert.deepEqual(told(1, { rowTimes: true }).notes, []);
  assert.deepEqual(told(2, {}).differences, ['the rows of t are not the same']);
});
