/** Masks the rows of INSERT statements in dumps of MySQL and MariaDB; all other lines are copied. */
import { ByteWriter, equalBytes } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { type ColumnMasker, createColumnMaskers, tableLabel } from './column-maskers.ts';
import type { TableShape } from './column-type.ts';
import type { RowMasker } from './copy-rows.ts';
import { readHex, writeHex } from './hex-bytes.ts';
import { beginsInsert, type InsertHead, readInsertHead } from './insert-head.ts';
import type { MaskingKey } from './keyed-functions.ts';
import type { MaskingRules } from './rule.ts';
import { isNumber, type Literal, readLiteral, readQuoted, writeQuoted } from './sql-literal.ts';
import { notMasked } from './value-masker.ts';

const newline = 10;
const quote = 0x27;
const opening = 0x28;
const closing = 0x29;
const comma = 0x2c;
const semicolon = 0x3b;
const at = 0x40;

/** Stands for the masker of a column that the server is to compute. */
const asDefault = Symbol('default');

interface Statement {
  readonly label: string;
  readonly maskers: readonly (ColumnMasker | typeof asDefault | undefined)[];
  rows: number;
}

/**
 * A masker of the lines of a dump: slabs hold whole lines, and a statement may go on in the next slab, between two
 * rows. `tableOf` knows the columns of each table; it is asked once for each. Bodies of triggers and routines, between
 * two lines DELIMITER, are copied. Codes `usage` (rules that do not fit) and `corrupt` (with the number of the row).
 * @param generated what stands in the place of what the server computes: MySQL takes nothing but DEFAULT
 */
export function createInsertMasker(
  rules: MaskingRules,
  key: MaskingKey,
  tableOf: (name: string, schema: string | undefined) => TableShape | undefined,
  generated: 'NULL' | 'DEFAULT' = 'NULL',
): RowMasker {
  const statements = new Map<string, Statement>();
  const maskLiteral = createLiteralMasker();
  const literal: Literal = { kind: 'null', binary: false, start: 0, end: 0, escaped: false };
  let delimited = false;
  /** the statement whose rows go on */
  let open: Statement | undefined;
  let rows = 0;

  const statementOf = (head: InsertHead): Statement => {
    const id = JSON.stringify([head.schema, head.table, head.columns]);
    const known = statements.get(id);
    if (known) return known;
    const table = arrange(head, tableOf(head.table, head.schema));
    const maskers = createColumnMaskers(rules, key, table).map((masker, i) =>
      generated === 'DEFAULT' && table.columns[i]!.generated ? asDefault : masker,
    );
    const statement = { label: tableLabel(table), maskers, rows: 0 };
    statements.set(id, statement);
    return statement;
  };

  const place = ({ rows, label }: Statement): string => `row ${rows + 1} of ${label}`;
  const fail = (statement: Statement, message: string): never => {
    throw new HoldfastError('corrupt', `${place(statement)} ${message}`);
  };

  /** Masks the row whose bracket stands at `start`, and returns the place behind it. */
  const maskRow = (statement: Statement, slab: Uint8Array, start: number, output: ByteWriter): number => {
    const { maskers } = statement;
    let copied = start;
    let i = start + 1;
    for (let column = 0; ; column++) {
      while (slab[i] === 0x20) i++;
      const end = readLiteral(slab, i, literal);
      if (end < 0)
        fail(statement, i >= slab.length ? 'is cut off' : 'has something else than a value, or is cut off');
      if (column >= maskers.length) fail(statement, `has more than ${maskers.length} columns`);
      const masker = maskers[column];
      if (masker === asDefault) {
        output.writeBytes(slab.subarray(copied, i));
        output.writeAscii(generated);
        copied = end;
      } else if (masker !== undefined && literal.kind !== 'null' && concerns(masker, literal, slab)) {
        output.writeBytes(slab.subarray(copied, i));
        copied = i;
        try {
          if (maskLiteral(masker, slab, i, end, literal, output)) copied = end;
        } catch (error) {
          throw notMasked(place(statement), masker.column, error);
        }
      }
      i = end;
      while (slab[i] === 0x20) i++;
      if (slab[i] === closing) {
        if (column + 1 < maskers.length) {
          fail(statement, `has ${column + 1} columns, expected ${maskers.length}`);
        }
        output.writeBytes(slab.subarray(copied, i + 1));
        statement.rows++;
        rows++;
        return i + 1;
      }
      if (slab[i++] !== comma)
        fail(statement, i > slab.length ? 'is cut off' : 'has no comma between two values');
    }
  };

  /** Masks rows from `start` on to the end of the statement or of the slab, and returns that place. */
  const maskRows = (statement: Statement, slab: Uint8Array, start: number, output: ByteWriter): number => {
    let i = start;
    while (i < slab.length) {
      const byte = slab[i]!;
      if (byte === opening) {
        i = maskRow(statement, slab, i, output);
        continue;
      }
      if (byte !== semicolon && byte !== comma && byte !== newline && byte !== 0x20 && byte !== 13) {
        fail(statement, 'is followed by something else than a row');
      }
      output.writeByte(byte);
      i++;
      if (byte === semicolon) {
        open = undefined;
        break;
      }
    }
    return i;
  };

  return {
    // which tables come is not known yet
    idle: false,
    get rows() {
      return rows;
    },
    mask(slab) {
      const output = new ByteWriter(slab.length + (slab.length >>> 2) + 64);
      for (let i = 0; i < slab.length;) {
        if (open) {
          i = maskRows(open, slab, i, output);
          if (open) break;
        } else if (!delimited && beginsInsert(slab, i)) {
          const head = readInsertHead(slab, i);
          if (!head)
            throw new HoldfastError('corrupt', 'an INSERT statement of the dump is not of a known form');
          open = statementOf(head);
          output.writeBytes(slab.subarray(i, i + head.length));
          i += head.length;
          continue;
        }
        const end = slab.indexOf(newline, i);
        const next = end < 0 ? slab.length : end + 1;
        const line = slab.subarray(i, next);
        if (line.length < 40) delimited = delimiterAfter(line, delimited);
        output.writeBytes(line);
        i = next;
      }
      return output.view();
    },
  };
}

/** The columns for which a statement has values, in its order. */
function arrange(head: InsertHead, table: TableShape | undefined): TableShape {
  if (head.columns === undefined) {
    if (table) return table;
    throw new HoldfastError('usage', `the columns of the table ${head.table} are not known`, {
      hint: 'a dump with --complete-insert names them',
    });
  }
  const columns = head.columns.map((name) => {
    // names of columns have no case there
    const same = (column: { readonly name: string }) => column.name.toLowerCase() === name.toLowerCase();
    return table?.columns.find(same) ?? { name };
  });
  const schema = table?.schema ?? head.schema;
  return { name: table?.name ?? head.table, columns, ...(schema === undefined ? {} : { schema }) };
}

function delimiterAfter(line: Uint8Array, before: boolean): boolean {
  const match = /^DELIMITER\s+(\S+)\s*$/i.exec(Buffer.from(line).toString('latin1'));
  return match ? match[1] !== ';' : before;
}

/** False when only addresses are looked for, and the literal has none. */
function concerns(masker: ColumnMasker, literal: Literal, slab: Uint8Array): boolean {
  if (!masker.contentOnly) return masker.takesEmpty || literal.end > literal.start;
  if (literal.kind !== 'text' || literal.binary) return false;
  if (literal.escaped) return true;
  for (let i = literal.start; i < literal.end; i++) if (slab[i] === at) return true;
  return false;
}

type LiteralMasker = (
  masker: ColumnMasker,
  slab: Uint8Array,
  start: number,
  end: number,
  literal: Literal,
  output: ByteWriter,
) => boolean;

/** Appends what becomes of the literal slab[start, end); false, and nothing is appended, when it stays as it is. */
function createLiteralMasker(): LiteralMasker {
  const value = new ByteWriter();
  const masked = new ByteWriter();
  return (masker, slab, start, end, literal, output) => {
    value.length = 0;
    if (literal.kind === 'hex') {
      if (!readHex(slab, literal.start, literal.end, value)) {
        throw new HoldfastError('corrupt', 'an odd hexadecimal number');
      }
    } else if (literal.escaped) {
      readQuoted(slab, literal.start, literal.end, value);
    }
    const whole = literal.kind !== 'hex' && !literal.escaped;
    masked.length = 0;
    const kept = whole
      ? masker.mask(slab, literal.start, literal.end, masked)
      : masker.mask(value.buffer, 0, value.length, masked);
    if (!kept) {
      output.writeAscii('NULL');
    } else if (masker.contentOnly && !whole && equalBytes(masked.view(), value.view())) {
      return false;
    } else if (literal.kind === 'hex') {
      // an empty text has no hexadecimal digits to stand behind 0x
      output.writeAscii(masked.length === 0 ? "''" : '0x');
      writeHex(masked.buffer, masked.length, output);
    } else if (literal.kind === 'bare' && isNumber(masked.buffer, 0, masked.length)) {
      output.writeBytes(masked.view());
    } else {
      // the introducer stays, and the first quote
      const from = literal.kind === 'text' ? literal.start - 1 : start;
      output.writeBytes(slab.subarray(start, from));
      output.writeByte(quote);
      if (masker.plain) output.writeBytes(masked.view());
      else writeQuoted(masked.buffer, masked.length, output);
      output.writeByte(quote);
    }
    return end > start;
  };
}
