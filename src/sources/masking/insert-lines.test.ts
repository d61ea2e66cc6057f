import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from '../../kernel/errors.ts';
import type { TableShape } from './column-type.ts';
import { createRowMasker } from './copy-rows.ts';
import { createInsertMasker } from './insert-lines.ts';
import { createMaskingKey } from './keyed-functions.ts';
import { parseMaskingRules } from './rules-file.ts';

const key = createMaskingKey(Buffer.from('0123456789abcdef'));

const tables: Record<string, TableShape> = {
  people: {
    name: 'people',
    columns: [
      { name: 'id', type: 'int(11)' },
      { name: 'email', type: 'varchar(60)' },
      { name: 'name', type: 'text' },
      { name: 'token', type: 'varbinary(16)' },
    ],
  },
  'odd `name`': { name: 'odd `name`', columns: [{ name: 'email' }] },
};

function mask(rules: string, ...slabs: string[]): string {
  const masker = createInsertMasker(parseMaskingRules(rules, 'm.yaml'), key, (name) => tables[name]);
  return slabs.map((slab) => Buffer.from(masker.mask(Buffer.from(slab))).toString()).join('');
}

const dump = `-- MariaDB dump
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE \`people\` (
  \`email\` varchar(60) DEFAULT 'ada@x.fi'
);
INSERT INTO \`people\` VALUES (1,'ada@x.fi','Ada\\'s',0x616461),(2,NULL,'it''s ada@x.fi\\n',_binary 'ada\\0');
INSERT INTO \`people\` VALUES
(3,'ada@x.fi','',''),
(4, 'b', 'c', x'00') ;
DELIMITER ;;
INSERT INTO log VALUES (NEW.id);;
DELIMITER ;
INSERT INTO \`odd \`\`name\`\`\` VALUES ('ada@x.fi');
-- Dump completed
`;

test('nothing to mask: every byte is the same', () => {
  assert.equal(mask('{}', dump), dump);
});

test('only values change, in rows alone', () => {
  assert.equal(
    mask(
      'columns: { people.email: { fixed: "o\'x" }, people.name: null, people.token: { fixed: bob } }',
      dump,
    ),
    dump
      .replace(/\(1,.*;/, "(1,'o\\'x',NULL,0x626f62),(2,NULL,NULL,_binary 'bob');")
      .replace(/\(3,.*\n.*;/, "(3,'o\\'x',NULL,'bob'),\n(4, 'o\\'x', NULL, 0x626f62) ;"),
  );
  assert.equal(
    mask('email-anywhere: n@example.com', dump),
    dump
      .replace("(1,'ada@x.fi'", "(1,'n@example.com'")
      .replace("it''s ada@x.fi", "it\\'s n@example.com")
      .replace("(3,'ada@x.fi'", "(3,'n@example.com'")
      .replace("('ada@x.fi')", "('n@example.com')"),
  );
});

test('slabs may end between any two lines', () => {
  const rules = 'columns: { email: email, name: name, id: pseudonym, token: pseudonym }';
  const whole = mask(rules, dump);
  const lines = dump.split(/(?<=\n)/);
  for (let cut = 0; cut <= lines.length; cut++) {
    assert.equal(mask(rules, lines.slice(0, cut).join(''), lines.slice(cut).join('')), whole);
  }
});

test('a list of columns says what stands where', () => {
  const rules = 'columns: { email: { fixed: x }, phone: null }';
  assert.equal(
    mask(rules, "INSERT IGNORE INTO `people` (`Email`, `id`) VALUES ('a@b.fi',1);\n"),
    "INSERT IGNORE INTO `people` (`Email`, `id`) VALUES ('x',1);\n",
  );
  assert.equal(
    mask(rules, "REPLACE INTO db.unknown (`a)b`,`phone`) VALUES (-1.5e3,'a'),(b'1','');\n"),
    "REPLACE INTO db.unknown (`a)b`,`phone`) VALUES (-1.5e3,NULL),(b'1',NULL);\n",
  );
  assert.throws(
    () => mask(rules, 'INSERT INTO unknown VALUES (1);\n'),
    (error) => hasCode(error, 'usage') && error.message.includes('unknown') && error.hint !== undefined,
  );
});

test('numbers stay numbers', () => {
  const masked = mask(
    'columns: { id: pseudonym, email: { fixed: 7 } }',
    "INSERT INTO people VALUES (1234,5,'',0x);\n",
  );
  assert.match(masked, /VALUES \(\d{4},7,'',0x\);/);
  assert.ok(!masked.includes('1234'));
});

test('values become the same as in rows of PostgreSQL', () => {
  const rules = 'columns: { email: email, name: name }';
  const shape = { name: 'people', columns: [{ name: 'email' }, { name: 'name' }] };
  const copy = createRowMasker(parseMaskingRules(rules, 'm.yaml'), key, shape);
  const [email, name] = Buffer.from(copy.mask(Buffer.from('ada@x.fi\tAda "A" L\n')))
    .toString()
    .trim()
    .split('\t');
  assert.ok(
    mask(rules, "INSERT INTO people VALUES (1,'ada@x.fi','Ada \\\"A\\\" L','');\n").includes(
      `'${email}','${name}'`,
    ),
  );
});

test('malformed rows are errors with their number', () => {
  const good = "INSERT INTO people VALUES (1,'a','b','c')";
  const cases: [line: string, message: RegExp][] = [
    [`${good},(2,'a');\n`, /row 2 of people has 2 columns, expected 4/],
    [`${good},(2,'a','b','c',5);\n`, /row 2 of people has more than 4 columns/],
    [`${good},(2,'a','b`, /row 2 of people has something else than a value, or is cut off/],
    [`${good},(2,'a'`, /row 2 of people is cut off/],
    [`${good},(2,`, /row 2 of people is cut off/],
    [`${good},(2,'a' 'b','b','c');\n`, /row 2 of people has no comma between two values/],
    [`${good},(2,(3),'b','c');\n`, /row 2 of people has something else than a value/],
    [`${good} ON DUPLICATE KEY UPDATE id=1;\n`, /row 2 of people is followed by something else/],
    [`${good};\nINSERT INTO people VALUES (2);\n`, /row 2 of people has 1 columns/],
    ['INSERT INTO people SELECT 1;\n', /not of a known form/],
    [
      "INSERT INTO people VALUES (1,'a','b',0x123);\n",
      /row 1 of people has in column token .* odd hexadecimal/,
    ],
  ];
  for (const [line, message] of cases) {
    assert.throws(
      () => mask('columns: { email: null, token: pseudonym }', line),
      (error) => {
        assert.ok(hasCode(error, 'corrupt'), String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

/** A text as mysqldump writes it. */
function quoted(value: string): string {
  const letters: Record<string, string> = { '\0': '0', '\n': 'n', '\r': 'r', '\x1a': 'Z' };
  return `'${value.replaceAll(/[\0\n\r\x1a"'\\]/g, (char) => `\\${letters[char] ?? char}`)}'`;
}

test('any text: what is masked is told nowhere, what is not stays byte for byte', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), (rows) => {
      const lists = rows.map(([name, token]) => `(1,'x',${quoted(name)},${quoted(token)})`);
      const line = `INSERT INTO people VALUES ${lists.join(',')};\n`;
      assert.equal(mask('columns: { "*": keep }', line), line);
      const fixed = rows.map(([, token]) => `(1,'x','m\\\\','${quoted(token).slice(1)})`);
      const expected = fixed.map((row, i) =>
        row.replace("'m\\\\','", `'m\\\\',${quoted(rows[i]![1]).slice(0, 1)}`),
      );
      assert.equal(
        mask('columns: { name: { fixed: "m\\\\" } }', line),
        `INSERT INTO people VALUES ${expected.join(',')};\n`,
      );
      // an identity that decodes and encodes
      assert.equal(mask('email-anywhere: n@x.fi', line.replaceAll('@', '_')), line.replaceAll('@', '_'));
    }),
  );
});

test('random bytes never crash it', () => {
  const bytes = fc.array(fc.constantFrom(...Buffer.from("(),;'\\x0_b@ \nN1")), { maxLength: 60 });
  fc.assert(
    fc.property(bytes, (some) => {
      try {
        mask(
          '{ email-anywhere: email, columns: { name: text } }',
          `INSERT INTO people VALUES (1,${Buffer.from(some).toString()}`,
        );
      } catch (error) {
        assert.ok(hasCode(error, 'corrupt'), String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test('generated columns are for the server to compute where that is wanted', () => {
  const columns = [{ name: 'a' }, { name: 'b', generated: true }, { name: 'c' }];
  const rules = parseMaskingRules('version: 1\ncolumns: {}', 'm.yaml');
  const rows = "INSERT INTO `t` VALUES\n(1,'x',2),\n(3,NULL,4);\nINSERT INTO `t` (`c`, `b`) VALUES (1,'');\n";
  const masked = (generated?: 'DEFAULT'): string => {
    const masker = createInsertMasker(rules, key, () => ({ name: 't', columns }), generated);
    return Buffer.from(masker.mask(Buffer.from(rows))).toString();
  };
  assert.equal(
    masked('DEFAULT'),
    'INSERT INTO `t` VALUES\n(1,DEFAULT,2),\n(3,DEFAULT,4);\nINSERT INTO `t` (`c`, `b`) VALUES (1,DEFAULT);\n',
  );
  assert.match(masked(), /\(1,NULL,2\),\n\(3,NULL,4\)/);
});
