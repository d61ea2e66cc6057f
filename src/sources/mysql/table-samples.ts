/** Takes a few rows of each table of a database of MySQL or MariaDB: from a snapshot's parts, or from a live server. */
import { ByteWriter } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { readProcess } from '../../kernel/process.ts';
import type { ConnectionOptions, StoredDatabase } from '../database/driver.ts';
import { createLineInput } from '../database/line-input.ts';
import type { TableShape } from '../masking/column-type.ts';
import { type InsertHead, readInsertHead } from '../masking/insert-head.ts';
import { collectText } from '../masking/schema-text.ts';
import { type Literal, readLiteral, readQuoted } from '../masking/sql-literal.ts';
import type { DatabaseSample, TableSample } from '../masking/table-sample.ts';
import type { MysqlConnection } from './connection.ts';
import { askDatabase } from './database-facts.ts';
import { tableArguments } from './dump-arguments.ts';
import { schemaName } from './part-name.ts';
import { refuseOneFile } from './part-masker.ts';
import { findProgram } from './programs.ts';
import { readSchemaShape } from './schema-shape.ts';
import { openSession } from './session.ts';
import { chooseTables } from './table-choice.ts';

/** Longer values tell no more. */
const longestValue = 16 * 1024;
/** What is kept of one table at most, bytes: rows may be long. */
const mostBytes = 4 * 1024 * 1024;
const [opening, comma] = [0x28, 0x2c];

/** Of a snapshot: the first rows of each table. */
export async function sampleStored({ evidence, read }: StoredDatabase): Promise<DatabaseSample> {
  refuseOneFile(evidence);
  const { tables, ...shape } = readSchemaShape(await collectText([read(schemaName)]));
  return {
    shape: { tables, ...shape },
    async *tables(count) {
      for (const { name, part, rows } of evidence.tables) {
        if (rows > 0 && tables.some((table) => table.name === name)) {
          yield* samples(read(part), tables, count);
        }
      }
    },
  };
}

/** Of a live database: the first rows that the server finds. */
export async function sampleLive(
  connection: MysqlConnection,
  options: ConnectionOptions & { readonly signal: AbortSignal },
): Promise<DatabaseSample> {
  const dump = async function* (limit: string): AsyncGenerator<Uint8Array, void, void> {
    await using session = await openSession(connection, options);
    const dumper = await findProgram('dump', session.search, session.server);
    const chosen = chooseTables((await askDatabase(session)).tables, {});
    const args = tableArguments(connection.database, dumper.family, chosen).map((option) =>
      // each on a line of its own
      option === '--extended-insert' ? '--skip-extended-insert' : option,
    );
    const warn = { onWarning: options.warn };
    yield* readProcess(dumper.path, [...session.enter(dumper), limit, ...args], {
      ...session.child,
      ...warn,
    });
  };
  const shape = readSchemaShape(await collectText([dump('--no-data')]));
  return { shape, tables: (count) => samples(dump(`--where=1=1 limit ${count}`), shape.tables, count) };
}

/** The first rows of each table that the statements of a dump or of a part fill, one table behind the other. */
async function* samples(
  pieces: AsyncIterable<Uint8Array>,
  tables: readonly TableShape[],
  count: number,
): AsyncGenerator<TableSample, void, void> {
  const input = createLineInput(pieces);
  let head: InsertHead | undefined;
  let rows: (string | undefined)[][] = [];
  let bytes = 0;
  for (let line = await input.line(); line; line = await input.line()) {
    const found = line[0] === opening ? undefined : readInsertHead(line, 0);
    if (found && found.table !== head?.table) {
      if (head) yield { table: shapeOf(head, tables), rows };
      [head, rows, bytes] = [found, [], 0];
    }
    const start = found ? line.indexOf(opening, found.length) : 0;
    if (!head || line[start] !== opening || rows.length >= count) continue;
    bytes += line.length;
    if (bytes < mostBytes) rows.push(valuesOf(line, start));
    // a part has one table, which is read no further
    else if (!found) break;
    if (!found && rows.length === count) break;
  }
  if (head) yield { table: shapeOf(head, tables), rows };
}

function shapeOf({ table, columns }: InsertHead, tables: readonly TableShape[]): TableShape {
  const known = tables.find(({ name }) => name === table);
  if (!known) {
    throw new HoldfastError('failed', `the table ${table} is not in the schema`, {
      hint: 'the schema changed while the database was read; try again',
    });
  }
  if (!columns) return known;
  return {
    ...known,
    columns: columns.map((name) => known.columns.find((column) => column.name === name) ?? { name }),
  };
}

/** The values of the row whose bracket stands at `start`; undefined for NULL and for bytes. */
function valuesOf(line: Buffer, start: number): (string | undefined)[] {
  const values: (string | undefined)[] = [];
  const literal: Literal = { kind: 'null', binary: false, start: 0, end: 0, escaped: false };
  for (let i = start + 1; ; i++) {
    while (line[i] === 0x20) i++;
    const end = readLiteral(line, i, literal);
    if (end < 0) return values;
    values.push(literal.kind === 'null' || literal.binary ? undefined : textOf(line, literal));
    i = end;
    if (line[i] !== comma) return values;
  }
}

function textOf(line: Buffer, { start, end, escaped }: Literal): string {
  if (!escaped) return line.subarray(start, Math.min(end, start + longestValue)).toString();
  const value = new ByteWriter();
  readQuoted(line, start, end, value);
  return Buffer.from(value.view().subarray(0, longestValue)).toString();
}
