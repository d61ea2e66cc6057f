import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namedText, refuseCopied } from './copied-rows.ts';

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

  it('are refused when the dump has a column that it should not have', () => {
    const schema = Buffer.from('CREATE TABLE `t` (\n  `id` int(11),\n  `ö` blob\n) ENGINE=InnoDB;\n');
    const other = { table: 't', column: 'ö' };
    assert.throws(() => refuseCopied([other], schema), {
      code: 'failed',
      message: 'the column ö of the table t changed as the dump began',
      retryable: true,
    });
    // they came when the structure was dumped already
    refuseCopied(
      [
        { table: 't', column: 'later' },
        { table: 'new', column: 'ö' },
      ],
      schema,
    );
    refuseCopied([], schema);
  });
});

async function* from(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(pieces)).toString();
}
