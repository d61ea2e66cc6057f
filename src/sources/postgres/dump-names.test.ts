/** Names are found and moved where they are names, and left alone in texts and other places. */
import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { describe, it } from 'node:test';
import { moveNames, namesIn, objectKey } from './dump-names.ts';
import { moveIntoPlace } from './move-into-place.ts';
import { parseSchemaChoice, parseTableChoice } from './part-choice.ts';

describe('names in a statement', () => {
  it('are words with a point, and constants that are nothing else', () => {
    const sql = `ALTER TABLE shop.orders ALTER "odd ""."."a.b".c SET DEFAULT nextval('shop.seq'::regclass) || 'shop.x y' || 'see shop.z' || $$shop.q$$`;
    assert.deepEqual(
      namesIn(sql).map(({ parts, constant }) => [...parts, constant]),
      [
        ['shop', 'orders', false],
        ['odd ".', 'a.b', 'c', false],
        ['shop', 'seq', true],
      ],
    );
  });

  it('move to another schema, columns of tables of that name stay', () => {
    const moved = new Map([
      [objectKey('shop', 'orders'), 'new "place"'],
      [objectKey('shop', 'seq'), "it's"],
    ]);
    const sql = `CREATE POLICY p ON shop.orders USING ((orders.id > nextval('shop.seq')) AND (shop.other.id = shop.orders.id) AND ('shop.orders;' <> ''));`;
    assert.equal(
      moveNames(sql, (key) => moved.get(key)),
      `CREATE POLICY p ON "new ""place"""."orders" USING ((orders.id > nextval('"it''s"."seq"')) AND (shop.other.id = "new ""place"""."orders"."id") AND ('shop.orders;' <> ''));`,
    );
  });
});

describe('what the command line names', () => {
  it('is a table, with a schema and another name or without', () => {
    assert.deepEqual(parseTableChoice('orders'), {
      ...{ schema: undefined, name: 'orders', newSchema: undefined, newName: undefined },
    });
    assert.deepEqual(parseTableChoice('shop.orders=old'), {
      ...{ schema: 'shop', name: 'orders', newSchema: undefined, newName: 'old' },
    });
    assert.deepEqual(parseTableChoice('"odd.schema"."a=""b"=c d.Ünï'), {
      ...{ schema: 'odd.schema', name: 'a="b', newSchema: 'c d', newName: 'Ünï' },
    });
    assert.deepEqual(parseSchemaChoice('shop'), { name: 'shop', newName: 'shop' });
    assert.deepEqual(parseSchemaChoice('"a.b"=c'), { name: 'a.b', newName: 'c' });
  });

  for (const text of ['', '.', 'a.', '.a', 'a.b.c', 'a=', '=a', 'a=b=c', 'a.b=c.d.e', '"a', 'a"b', '""']) {
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseTableChoice(text), { code: 'usage' });
    });
  }
  it('is a schema without a point', () => {
    assert.throws(() => parseSchemaChoice('a.b'), { code: 'usage' });
  });
});

describe('the place of a restored table', () => {
  const key = (name: string): string => objectKey('shop', name);
  const chosen = {
    tables: [key('orders'), key('orders_2024'), key('rest')],
    indexes: new Set([key('orders_pkey'), key('by_date')]),
    sequences: new Set([key('orders_id_seq')]),
    statistics: new Set([key('st')]),
  };
  const place = { scratch: 's', oldName: 'orders', schema: 'archive', name: 'o', taken: new Set(['o_pkey']) };

  it('has names after the new one, and none that is taken', () => {
    assert.deepEqual(moveIntoPlace(chosen, place).trim().split('\n'), [
      'ALTER TABLE "s"."orders" RENAME TO "o";',
      'ALTER TABLE "s"."orders_2024" RENAME TO "o_2024";',
      'ALTER TABLE "s"."rest" RENAME TO "o_rest";',
      'ALTER INDEX "s"."orders_pkey" RENAME TO "o_pkey_1";',
      'ALTER INDEX "s"."by_date" RENAME TO "o_by_date";',
      'ALTER SEQUENCE "s"."orders_id_seq" RENAME TO "o_id_seq";',
      'ALTER STATISTICS "s"."st" RENAME TO "o_st";',
      'ALTER STATISTICS "s"."o_st" SET SCHEMA "archive";',
      'ALTER TABLE "s"."o" SET SCHEMA "archive";',
      'ALTER TABLE "s"."o_2024" SET SCHEMA "archive";',
      'ALTER TABLE "s"."o_rest" SET SCHEMA "archive";',
      'DROP SCHEMA "s";',
    ]);
  });

  it('has names that are not too long, of whole characters', () => {
    const name = Buffer.from('é'.repeat(31)).toString('latin1');
    const sql = moveIntoPlace(chosen, { ...place, name });
    const names = [...sql.matchAll(/RENAME TO "(.*)";/g)].map((found) => Buffer.from(found[1]!, 'latin1'));
    assert.ok(names.every((found) => found.length <= 63 && isUtf8(found)));
    assert.equal(new Set(names.map(String)).size, names.length);
  });
});
