import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namedText, planCopy, refuseCopied, type SpecialColumn } from './copied-rows.ts';

const heading =
  '-- MariaDB dump\n/*!40101 SET @OLD=@@COLLATION_CONNECTION */;\n/*!40101 SET NAMES binary */;\n';

describe('rows that are copied', () => {
  it('come in a dump that says what text they are, wherever it is cut', async () => {
    const rest = "INSERT INTO `t` VALUES\n('SET NAMES binary ');\n";
    const dump = Buffer.from(heading + rest);
    const wanted = `${heading.replace('NAMES binary', 'NAMES utf8mb4')}${rest}`;
    for (const size of [1, 7, 90, dump.length]) {
      const pieces = Array.from({ length: Math.ceil(dump.length / size) }, (_, i) =>
        dump.subarray(i * size, (i + 1) * size),
      );
      assert.equal(await textOf(namedText(from(pieces))), wanted, `pieces of ${size} bytes`);
    }
  });

  it('are refused where the dump does not say so', async () => {
    const says = { code: 'corrupt', message: 'the dump does not say in which character set it is' };
    await assert.rejects(textOf(namedText(from([Buffer.from('-- MariaDB dump\n')]))), says);
    await assert.rejects(textOf(namedText(from([Buffer.alloc(100_000, '-')]))), says);
    await assert.rejects(textOf(namedText(from([]))), says);
  });

  it('are refused when the dump has a column that nobody knew of', () => {
    const schema = Buffer.from('CREATE TABLE `t` (\n  `id` int(11),\n  `ö` blob\n) ENGINE=InnoDB;\n');
    const column = (name: string, kind: SpecialColumn['kind'] = 'bytes') => ({
      table: 't',
      column: name,
      kind,
    });
    const known = new Map([['t', new Set(['ö'])]]);
    const tables = [{ name: 't' }];
    const refused = {
      code: 'failed',
      message: 'the column ö of the table t changed as the dump began',
      retryable: true,
    };
    assert.throws(() => refuseCopied(tables, [column('ö')], new Map(), schema), refused);
    assert.throws(() => refuseCopied(tables, [column('ö', 'other')], known, schema), refused);
    refuseCopied(tables, [column('ö')], known, schema);
    // a table without rows in the dump; columns that came when the structure was dumped already
    refuseCopied([], [column('ö', 'other')], known, schema);
    refuseCopied(tables, [column('later'), { ...column('ö'), table: 'new' }], new Map(), schema);
  });

  it('are those of tables of UTF-8, in which what is bytes is known, and most is not', () => {
    const tables = [
      { name: 't', bytes: 100 },
      { name: 'u', bytes: 100 },
    ];
    const bytes = { table: 't', column: 'b', kind: 'bytes' } as const;
    const few = { table: 't', column: 'f', kind: 'few bytes' } as const;
    const latin = { table: 'u', column: 'l', kind: 'other' } as const;
    assert.deepEqual(planCopy(tables, []), new Map());
    const both = planCopy(tables, [bytes, { ...bytes, column: 'c' }]);
    assert.deepEqual(both, new Map([['t', new Set(['b', 'c'])]]));
    assert.equal(planCopy(tables, [latin]), undefined);
    assert.deepEqual(planCopy(tables.slice(0, 1), [latin]), new Map());
    const large = [{ name: 't', bytes: 101 }, tables[1]!];
    assert.equal(planCopy(large, [bytes, few]), undefined);
    assert.deepEqual(planCopy(large, [few]), new Map([['t', new Set(['f'])]]));
    assert.deepEqual(planCopy([], []), new Map());
  });
});

async function* from(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(pieces)).toString();
}
