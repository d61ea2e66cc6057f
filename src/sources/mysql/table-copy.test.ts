import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import type { Evidence } from '../database/evidence.ts';
import { copyTable, dumpTables, parseTableCopy, readStructures } from './table-copy.ts';

const schema = `SET NAMES utf8mb4;

--
-- Table structure for table \`a\`
--

CREATE TABLE \`a\` (
  \`id\` int,
  KEY \`up\` (\`id\`),
  CONSTRAINT \`self\` FOREIGN KEY (\`id\`) REFERENCES \`a\` (\`id\`),
  CONSTRAINT \`other\` FOREIGN KEY (\`id\`) REFERENCES \`ab\` (\`id\`)
);

--
-- Table structure for table \`ab\`
--

CREATE TABLE \`ab\` (
  \`id\` int
);
`;
const rows = `/*!40000 ALTER TABLE \`a\` DISABLE KEYS */;
INSERT INTO \`a\` VALUES
(1,'\\nINSERT INTO \`a\`'),
(2,'INSERT INTO \`a\`');
INSERT INTO \`a\` VALUES
(3);
/*!40000 ALTER TABLE \`a\` ENABLE KEYS */;
`;

function stored(pieceSize: number): StoredDatabase {
  const parts: Record<string, string> = { '1-schema.sql': schema, '2-data.a.sql': `--\n${rows}` };
  const evidence = { tables: [{ schema: '', name: 'a', part: '2-data.a.sql' }] } as unknown as Evidence;
  return {
    evidence,
    async *read(part) {
      const bytes = Buffer.from(parts[part]!);
      for (let at = 0; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize);
    },
  };
}

async function copy(text: string, pieceSize = 1 << 20): Promise<string> {
  const from = stored(pieceSize);
  const pieces = copyTable(from, await readStructures(from), parseTableCopy(text));
  return Buffer.concat(await Array.fromAsync(pieces, (piece) => Buffer.from(piece))).toString();
}

test('one table is what the dump has of it', async () => {
  const whole = await copy('a');
  assert.ok(whole.startsWith('SET NAMES utf8mb4;') && whole.endsWith(rows));
  assert.doesNotMatch(whole, /CREATE TABLE `ab`/);
});

test('another name goes where the name stands, and nowhere else', async () => {
  const renamed = await copy('a="new $& `x`"');
  assert.ok(renamed.includes('CREATE TABLE `new $& ``x``` ('));
  assert.ok(
    renamed.includes(
      '  FOREIGN KEY (`id`) REFERENCES `new $& ``x``` (`id`),\n  FOREIGN KEY (`id`) REFERENCES `ab`',
    ),
  );
  assert.equal(renamed.split('INSERT INTO `new $& ``x``` VALUES\n').length, 3);
  assert.ok(renamed.includes("(1,'\\nINSERT INTO `a`'),\n(2,'INSERT INTO `a`');\n"));
  assert.equal(renamed.split('/*!40000 ALTER TABLE `new $& ``x``` ').length, 3);
  for (const size of [1, 5, 17, 64]) assert.equal(await copy('a="new $& `x`"', size), renamed);
});

test('names on the command line', () => {
  assert.deepEqual(parseTableCopy('a.b=c'), { name: 'a.b', newName: 'c' });
  assert.deepEqual(parseTableCopy('"a=""b"=`c`'), { name: 'a="b', newName: 'c' });
  for (const text of ['', '=b', 'a=', 'a=b=c', '"a']) {
    assert.throws(
      () => parseTableCopy(text),
      (error) => hasCode(error, 'usage'),
      text,
    );
  }
});

test('a table whose rows are lost is refused before anything is written, and others are not', async () => {
  const incomplete = { ...stored(7), lost: new Set(['2-data.a.sql']) };
  await assert.rejects(
    dumpTables(incomplete, ['ab', 'a=b']),
    (error) => hasCode(error, 'corrupt') && /the rows of a are missing or cut short/.test(String(error)),
  );
  const pieces = await Array.fromAsync(await dumpTables(incomplete, ['ab']));
  assert.match(Buffer.concat(pieces).toString(), /CREATE TABLE `ab`/);
});
