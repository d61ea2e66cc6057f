import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rowHash } from '../../kernel/row-hash.ts';
import { createRowSum } from '../../kernel/row-sum.ts';
import { type SplitOptions, splitDump } from './dump-parts.ts';

const header = `-- MySQL dump 10.13
/*!40103 SET TIME_ZONE='+00:00' */;

`;
const footer = `/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed
`;

function structure(table: string): string {
  return `--\n-- Table structure for table \`${table}\`\n--\n\nCREATE TABLE \`${table}\` (\n  \`a\` int\n);\n\n`;
}

type Form = 'a statement a row' | 'a line a statement' | 'a line a row' | 'a line a row but the first';

/** `perStatement` rows in each statement of many. */
function data(
  table: string,
  columns: string,
  rows: readonly string[],
  form: Form = 'a statement a row',
  perStatement = 7,
): string {
  const [size, before, between] = {
    'a statement a row': [1, ' ', ''] as const,
    'a line a statement': [perStatement, ' ', ','] as const,
    'a line a row': [perStatement, '\n', ',\n'] as const,
    'a line a row but the first': [perStatement, ' ', ',\n'] as const,
  }[form];
  const lines: string[] = [];
  for (let at = 0; at < rows.length; at += size) {
    const some = rows.slice(at, at + size).join(between);
    lines.push(`INSERT INTO \`${table}\`${columns} VALUES${before}${some};\n`);
  }
  return (
    `--\n-- Dumping data for table \`${table.replaceAll('\n', '\n-- ')}\`\n--\n\n/*!40000 ALTER TABLE \`${table}\` DISABLE KEYS */;\n` +
    `${lines.join('')}/*!40000 ALTER TABLE \`${table}\` ENABLE KEYS */;\n`
  );
}

interface Seen {
  readonly schema: string;
  readonly views: string;
  readonly tables: Record<string, { text: string; rows: number; checksum: bigint }>;
}

async function split(dump: string | Buffer, pieceSize = 1 << 20, options: SplitOptions = {}): Promise<Seen> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from(dump);
    const reused = Buffer.alloc(pieceSize);
    for (let at = 0; at < bytes.length; at += pieceSize) {
      const count = bytes.copy(reused, 0, at, at + pieceSize);
      yield reused.subarray(0, count);
    }
  }
  const texts = { schema: '', views: '' };
  const tables: Record<string, { text: string; rows: number; checksum: bigint }> = {};
  for await (const part of splitDump(pieces(), options)) {
    if (part.kind !== 'table') {
      texts[part.kind] = Buffer.from(part.text).toString();
      continue;
    }
    let text = '';
    const sum = createRowSum();
    for await (const piece of part.bytes) {
      text += Buffer.from(piece).toString();
      sum.update(piece);
    }
    tables[part.table] = { text, ...part.framing.rowsOf(sum.end()) };
  }
  return { ...texts, tables };
}

/** Of rows in any order, as it is defined. */
function checksum(rows: readonly string[]): bigint {
  return BigInt.asUintN(
    64,
    rows.reduce((sum, row) => sum + rowHash(Buffer.from(`${row},\n`)), 0n),
  );
}

test('structure, rows and views part ways', async () => {
  const view = '--\n-- Final view structure for view `v`\n--\n\nCREATE VIEW v;\n';
  const dump =
    header +
    structure('a') +
    data('a', '', ['(1)', "(2,'x\\n')"]) +
    '\n' +
    structure('odd ``name\n') +
    data('odd ``name\n', ' (`x``) VALUES (`, `b`)', ["('INSERT INTO `a` VALUES (1);')"]) +
    '\n' +
    structure('empty') +
    data('empty', '', []) +
    view +
    footer;
  for (const size of [1, 7, 1 << 20]) {
    const seen = await split(dump, size);
    assert.equal(
      seen.schema,
      header + structure('a') + structure('odd ``name\n') + structure('empty'),
      `pieces of ${size}`,
    );
    assert.equal(seen.views, view + footer);
    assert.deepEqual(Object.keys(seen.tables), ['a', 'odd `name\n', 'empty']);
    assert.equal(seen.tables['a']!.rows, 2);
    assert.equal(seen.tables['a']!.checksum, checksum(['(1)', "(2,'x\\n')"]));
    assert.match(
      seen.tables['a']!.text,
      /KEYS \*\/;\nINSERT INTO `a` VALUES\n\(1\),\n\(2,'x\\n'\);\n\/\*!40000/,
    );
    const odd = seen.tables['odd `name\n']!;
    assert.equal(odd.rows, 1);
    assert.ok(odd.text.includes("` (`x``) VALUES (`, `b`) VALUES\n('INSERT INTO `a` VALUES (1);');\n"));
    assert.equal(seen.tables['empty']!.rows, 0);
    assert.equal(seen.tables['empty']!.checksum, 0n);
  }
});

test('rows of any length are counted, and their order has no say', async () => {
  const rows = fc.array(
    fc.tuple(fc.nat(1000), fc.constantFrom(1, 10, 5_000, 65_500, 65_530, 70_000, 200_000)),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom(3_000, 65_536, 1 << 20), async (some, pieceSize) => {
      const texts = some.map(([i, length]) => `(${i},'${'x'.repeat(length)}')`);
      const one = (await split(header + data('t', '', texts) + footer, pieceSize)).tables['t']!;
      const other = (await split(header + data('t', '', texts.toReversed()) + footer)).tables['t']!;
      assert.equal(one.rows, texts.length);
      assert.deepEqual([one.rows, one.checksum], [other.rows, other.checksum]);
      // back to what it was: the same rows in the same order
      const lines = one.text.split('\n').filter((line) => line.startsWith('('));
      assert.deepEqual(
        lines.map((line) => line.replace(/[,;]$/, '')),
        texts,
      );
      assert.equal(
        one.text.split('\n').filter((line) => line === ';' || /^\(.*;$/.test(line)).length,
        (one.text.match(/^INSERT/gm) ?? []).length,
      );
    }),
    { numRuns: 40 },
  );
});

test('however the program writes its statements, the part is the same', async () => {
  const value = fc.oneof(
    fc.constantFrom('NULL', '-1.5e3', '0x00FF', "''", String.raw`_binary 'a\\'`),
    fc.constantFrom("'),('", String.raw`');\n'`, String.raw`'\'),(\''`, "'''),('''", String.raw`'(((\\\')'`),
    fc.nat(120).map((length) => `'${'z'.repeat(length)}'`),
    fc.constantFrom(65_500, 65_536, 90_000).map((length) => `'${String.raw`\'),(\n`.repeat(length / 7)}'`),
  );
  const row = fc.array(value, { minLength: 1, maxLength: 5 }).map((values) => `(${values.join(',')})`);
  const rows = fc.array(row, { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(rows, fc.nat(9), fc.constantFrom(13, 64, 3_000, 1 << 20), async (some, more, size) => {
      const dumpOf = (form: Form) => header + data('t', ' (`a`)', some, form, more + 1) + footer;
      const pieceSize = some.join('').length > 50_000 ? Math.max(size, 3_000) : size;
      const one = (await split(dumpOf('a statement a row'), 1 << 20)).tables['t']!;
      assert.deepEqual((await split(dumpOf('a line a statement'), pieceSize)).tables['t'], one);
      assert.deepEqual((await split(dumpOf('a line a row'), pieceSize)).tables['t'], one);
      assert.deepEqual((await split(dumpOf('a line a row but the first'), pieceSize)).tables['t'], one);
      assert.equal(one.rows, some.length);
    }),
    { numRuns: 150 },
  );
});

/** As the programs write bytes that they take for letters. */
function quoted(bytes: Buffer): string {
  const escapes: Record<string, string> = { '\0': '0', '\n': 'n', '\r': 'r', '\x1a': 'Z' };
  const text = bytes.toString('latin1');
  return `'${text.replaceAll(/[\0\n\r\x1a\\'"]/g, (letter) => `\\${escapes[letter] ?? letter}`)}'`;
}

const hexadecimal = (bytes: Buffer): string =>
  bytes.length === 0 ? "''" : `0x${bytes.toString('hex').toUpperCase()}`;

test('bytes that come as they are go on in hexadecimal, whatever their number', async () => {
  const hard = fc.array(fc.constantFrom(...Buffer.from('\0\n\r\x1a\\\'"(),;0xn\xff', 'latin1')), {
    maxLength: 9,
  });
  const bytes = fc.oneof(
    hard.map((some) => Buffer.from(some)),
    fc
      .tuple(hard, fc.constantFrom(300, 32_700, 32_760, 65_530, 150_000))
      .map(([some, length]) => Buffer.alloc(length, Buffer.from([...some, 200]))),
  );
  const text = fc.constantFrom("''", 'NULL', '-1.5', String.raw`'\'),(\\'`, `'${'0x('.repeat(30_000)}'`);
  const row = fc.tuple(fc.option(bytes), text, fc.option(bytes));
  const definition = 'CREATE TABLE `t` (\n  `b` blob,\n  `a,)` text,\n  `c``` bit(9)\n);\n';
  const columns = new Map([['t', new Set(['b', 'c`'])]]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 12 }),
      fc.constantFrom<Form>('a line a statement', 'a line a row', 'a line a row but the first'),
      fc.boolean(),
      fc.constantFrom(3_001, 65_536, 1 << 20),
      async (some, form, named, pieceSize) => {
        const dumpOf = (written: (bytes: Buffer) => string): Buffer => {
          const value = (each: Buffer | null) => (each === null ? 'NULL' : written(each));
          const rows = some.map(([b, a, c]) =>
            named ? `(${value(c)},${a},${value(b)})` : `(${value(b)},${a},${value(c)})`,
          );
          const list = named ? ' (`c```, `a,)`, `b`)' : '';
          return Buffer.from(header + definition + data('t', list, rows, form) + footer, 'latin1');
        };
        const wanted = await split(dumpOf(hexadecimal));
        assert.deepEqual(await split(dumpOf(quoted), pieceSize, { bytes: columns }), wanted);
        assert.equal(wanted.tables['t']!.rows, some.length);
      },
    ),
    { numRuns: 150 },
  );
});

test('a row of more or fewer values than columns is not guessed at', async () => {
  const bytes = new Map([['t', new Set(['b'])]]);
  const dump = (row: string) =>
    `${header}CREATE TABLE \`t\` (\n  \`a\` int,\n  \`b\` blob\n);\n${data('t', '', [row])}${footer}`;
  assert.match((await split(dump("(1,'x')"), 100, { bytes })).tables['t']!.text, /\n\(1,0x78\);\n/);
  for (const row of ["('x')", "(1,2,'x')", '(1)']) {
    await assert.rejects(split(dump(row), 100, { bytes }), { code: 'corrupt' }, row);
  }
  const unnamed = header + data('t', '', ["(1,'x')"]) + footer;
  await assert.rejects(split(unnamed, 100, { bytes }), { code: 'corrupt' });
});

test('rows of no known form are told', async () => {
  for (const rows of [['(1) (2)'], ['(1),x'], ['1)']]) {
    const dump = header + data('t', '', rows, 'a line a statement') + footer;
    await assert.rejects(split(dump), { code: 'corrupt' }, rows[0]);
  }
  await assert.rejects(split(header + data('t', '', ['(1)x', '(2)'], 'a line a row') + footer), {
    code: 'corrupt',
  });
});

test('a row that comes in between leaves other statements as they are', async () => {
  const rows = Array.from(
    { length: 20_000 },
    (_, i) => `(${i},'${rowHash(Buffer.from(`${i}`))}${'y'.repeat(80)}')`,
  );
  const statements = async (all: readonly string[]): Promise<Set<string>> => {
    const { text } = (await split(header + data('t', '', all) + footer)).tables['t']!;
    return new Set(text.split('INSERT INTO'));
  };
  const before = await statements(rows);
  assert.ok(before.size > 4, `${before.size} statements`);
  const after = await statements([rows[0]!, "(0,'new')", ...rows.slice(1)]);
  const changed = [...after].filter((statement) => !before.has(statement));
  assert.equal(changed.length, 1);
});

test('a dump that was cut off is none', async () => {
  for (const form of ['a statement a row', 'a line a statement', 'a line a row'] as const) {
    const dump = header + structure('a') + data('a', '', ['(1)', '(2)'], form) + footer;
    const second = dump.indexOf('(2)');
    for (const end of [dump.length - footer.length, second + 3, second + 2, second, second - 3, 5, 0]) {
      await assert.rejects(split(dump.slice(0, end)), { code: 'truncated' }, `${form}, ${end}`);
    }
  }
});
