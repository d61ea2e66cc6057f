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
  return { evidence, schema, objects: new Map(Object.entries(objects)), named: new Set(), others: new Map() };
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
