import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import { anywhereMasker } from '../masking/column-maskers.ts';
import { createMaskingKey } from '../masking/keyed-functions.ts';
import { parseMaskingRules } from '../masking/rules-file.ts';
import { maskSchemaText, withoutComments } from './masked-text.ts';
import { readSchemaShape } from './schema-shape.ts';

const schema = `-- Table structure; it's for table \`x\`
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE \`peo\`\`ple\` (
  \`id\` int(11) unsigned NOT NULL AUTO_INCREMENT,
  \`e,mail\` varchar(80) COLLATE utf8mb4_bin DEFAULT 'it''s \\'x\\', y' COMMENT 'of ada@x.fi; \\'a\\'',
  \`n\` decimal(10,2) NOT NULL DEFAULT '0.00',
  \`at\` datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),
  \`kind\` enum('a','b)') CHARACTER SET latin1 NOT NULL,
  \`doc\` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(\`doc\`)),
  \`doubled\` bigint(20) GENERATED ALWAYS AS (\`id\` * 2) STORED,
  \`twice\` bigint(20) /*!80023 INVISIBLE */ AS (\`id\` * 2) VIRTUAL,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`k\` (\`e,mail\`,\`n\`),
  UNIQUE KEY \`first\` (\`doc\`(10)),
  UNIQUE KEY \`lowered\` ((lower(\`doc\`))),
  KEY \`kind\` (\`kind\`),
  CONSTRAINT \`c\` CHECK (\`n\` > 0),
  CONSTRAINT \`f\` FOREIGN KEY (\`n\`, \`kind\`) REFERENCES \`other\` (\`b\`, \`c\`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='call Ada';
`;

test('columns, keys and defaults of CREATE TABLE', () => {
  const { tables, uniqueKeys, foreignKeys } = readSchemaShape(schema);
  assert.deepEqual(
    tables.map(({ name }) => name),
    ['peo`ple'],
  );
  assert.deepEqual(
    tables[0]!.columns
      .filter(({ generated }) => !generated)
      .map(({ name, type, nullable, unique, literalDefault }) => [
        ...[name, type, nullable, unique, literalDefault],
      ]),
    [
      ['id', 'int(11) unsigned', false, true, false],
      ['e,mail', 'varchar(80)', true, false, true],
      ['n', 'decimal(10,2)', false, false, false],
      ['at', 'datetime(6)', true, false, false],
      ['kind', "enum('a','b)')", false, false, false],
      ['doc', 'json', true, true, false],
    ],
  );
  const generated = tables[0]!.columns.filter((column) => column.generated).map(({ name }) => name);
  assert.deepEqual(generated, ['doubled', 'twice']);
  assert.deepEqual(
    uniqueKeys.map(({ columns }) => columns),
    [['id'], ['e,mail', 'n'], ['doc']],
  );
  assert.deepEqual(foreignKeys, [
    {
      from: { schema: '', table: 'peo`ple', columns: ['n', 'kind'] },
      to: { schema: '', table: 'other', columns: ['b', 'c'] },
    },
  ]);
});

test('which columns tell capital letters from small ones', () => {
  const apart = (columns: string, options: string): string[] =>
    readSchemaShape(`CREATE TABLE \`t\` (${columns}\n) ENGINE=InnoDB ${options} COMMENT='COLLATE = x';\n`)
      .tables[0]!.columns.filter(({ ignoresCase }) => !ignoresCase)
      .map(({ name }) => name);
  const columns = `\`a\` varchar(9) DEFAULT NULL,
    \`b\` varchar(9) COLLATE utf8mb4_bin NOT NULL,
    \`c\` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs,
    \`d\` varchar(9) CHARACTER SET latin1 DEFAULT NULL,
    \`e\` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci`;
  assert.deepEqual(apart(columns, 'DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci'), ['b', 'c']);
  assert.deepEqual(apart(columns, 'DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin'), ['a', 'b', 'c']);
  assert.deepEqual(apart(columns, 'DEFAULT CHARSET=latin1'), ['b', 'c']);
});

test('comments go, and addresses in texts', () => {
  const { text, count } = withoutComments(schema);
  assert.equal(count, 2);
  assert.doesNotMatch(text, /COMMENT|Ada|ada@/);
  assert.match(text, /DEFAULT 'it''s \\'x\\', y',\n/);
  assert.match(text, /CHARSET=utf8mb4;\n$/);
  const rules = parseMaskingRules('email-anywhere: n@x.fi', 'm.yaml');
  const emails = anywhereMasker(rules, createMaskingKey(Buffer.from('0123456789abcdef')));
  assert.match(maskSchemaText(schema, emails), /COMMENT 'of n@x\.fi; \\'a\\''/);
  assert.equal(
    maskSchemaText('`ada@x.fi` "bob@x.fi" -- eve@x.fi\n', emails),
    '`ada@x.fi` "n@x.fi" -- n@x.fi\n',
  );
  assert.throws(
    () => maskSchemaText('/*!80002 ANALYZE TABLE `a` UPDATE HISTOGRAM ON `b` USING DATA x */;', undefined),
    (error) => hasCode(error, 'unsupported'),
  );
});
