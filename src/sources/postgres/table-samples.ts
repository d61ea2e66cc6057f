/** Takes a few rows of each table of a PostgreSQL database: from a snapshot's parts, or from a live server. */
import { ByteWriter } from '../../kernel/bytes.ts';
import { readProcess } from '../../kernel/process.ts';
import type { ConnectionOptions, StoredDatabase } from '../database/driver.ts';
import { createLineInput, type LineInput } from '../database/line-input.ts';
import { readEscaped } from '../masking/copy-escapes.ts';
import type { TableShape } from '../masking/column-type.ts';
import type { DatabaseSample, TableSample } from '../masking/table-sample.ts';
import { collectText } from '../masking/schema-text.ts';
import { connectionEnvironment, type PostgresConnection } from './connection.ts';
import { parseCopyColumns } from './copy-statement.ts';
import { hasLargeObjects, storedSchema } from './part-masker.ts';
import { findProgram } from './programs.ts';
import { readSchemaShape } from './schema-tables.ts';
import { askPsql, askServer } from './server-facts.ts';

/** Longer values tell no more. */
const longestValue = 16 * 1024;
/** What is read of one table at most, bytes: rows may be long. */
const mostBytes = 4 * 1024 * 1024;
/** The mark behind the rows is read as well. */
const all = Infinity;
/** Tables that one psql is asked for. */
const tablesAtOnce = 200;

/** Of a snapshot: the first rows of each table. */
export async function sampleStored(stored: StoredDatabase): Promise<DatabaseSample> {
  const { evidence, read } = stored;
  const shape = readSchemaShape(await storedSchema(stored));
  return {
    shape,
    largeObjects: hasLargeObjects(stored),
    async *tables(count) {
      for (const { schema, name, part, rows } of evidence.tables) {
        const table = shape.tables.find((each) => each.schema === schema && each.name === name);
        if (table && rows > 0) yield await firstRows(createLineInput(read(part)), table, count);
      }
    },
  };
}

/** Of a live database: the first rows that the server finds. */
export async function sampleLive(
  connection: PostgresConnection,
  options: ConnectionOptions & { readonly signal: AbortSignal },
): Promise<DatabaseSample> {
  const { environment, signal } = options;
  const search = { environment, signal, folder: options.programs };
  const env = connectionEnvironment(connection, environment, options.password);
  const child = { env: { ...env, PGCLIENTENCODING: 'UTF8' }, signal, onWarning: options.warn };
  const psql = await findProgram('psql', search);
  const facts = await askServer(psql.path, { env, signal });
  const dumper = await findProgram('pg_dump', search, facts.major);
  const schema = readProcess(dumper.path, ['--format=plain', '--no-password', '--schema-only'], child);
  const shape = readSchemaShape(await collectText([schema]));
  const existing = new Set(facts.tables.map(([namespace, name]) => `${namespace}\0${name}`));
  const tables = shape.tables.filter(({ schema: namespace, name }) =>
    existing.has(`${namespace ?? ''}\0${name}`),
  );
  const largeObjects = await askPsql<boolean>(psql.path, anyLargeObject, { env, signal });
  return {
    shape,
    largeObjects,
    async *tables(count) {
      for (let first = 0; first < tables.length; first += tablesAtOnce) {
        const asked = tables.slice(first, first + tablesAtOnce);
        const commands = asked.flatMap((table) => ['-c', copyRows(table, count), '-c', "\\echo '\\\\.'"]);
        const args = ['-X', '-q', '-w', '-v', 'ON_ERROR_STOP=1', ...commands];
        const input = createLineInput(readProcess(psql.path, args, child));
        for (const table of asked) {
          const rows = await readRows(input, all);
          yield { table, rows };
        }
      }
    },
  };
}

const anyLargeObject = 'select to_json(exists (select from pg_catalog.pg_largeobject_metadata));\n';

function copyRows({ schema, name, columns }: TableShape, count: number): string {
  const list = columns.map((column) => `left(${quoted(column.name)}::text, ${longestValue})`).join(', ');
  return `copy (select ${list} from only ${quoted(schema ?? '')}.${quoted(name)} limit ${count}) to stdout`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function firstRows(input: LineInput, table: TableShape, count: number): Promise<TableSample> {
  let head = '';
  for (let line = await input.line(); line; line = await input.line()) {
    head += line.toString('latin1');
    const copy = head.endsWith(' FROM stdin;\n') && parseCopyColumns(head);
    if (!copy) continue;
    const columns = copy.columns.map(
      (name) => table.columns.find((column) => column.name === name) ?? { name },
    );
    return { table: { ...table, columns }, rows: await readRows(input, count) };
  }
  return { table, rows: [] };
}

/** Rows up to the mark behind them, or so many. */
async function readRows(input: LineInput, count: number): Promise<(string | undefined)[][]> {
  const rows: (string | undefined)[][] = [];
  let bytes = 0;
  while (rows.length < count) {
    const line = await input.line();
    const text = line?.toString('latin1').replace(/\n$/, '');
    if (text === undefined || text === '\\.') break;
    bytes += text.length;
    if (bytes > mostBytes && count !== all) break;
    if (bytes <= mostBytes)
      rows.push(text.split('\t').map((field) => (field === '\\N' ? undefined : unescaped(field))));
  }
  return rows;
}

function unescaped(field: string): string {
  const bytes = Buffer.from(field.slice(0, longestValue), 'latin1');
  if (!field.includes('\\')) return bytes.toString();
  const value = new ByteWriter();
  readEscaped(bytes, 0, bytes.length, value);
  return Buffer.from(value.view()).toString();
}
