/**
 * Splits the dump of tables and views that mysqldump and mariadb-dump write into parts as it passes: the structure of
 * all tables, the rows of each, and the views at last. One after the other they are the dump again.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import type { ColumnsOfBytes } from './copied-rows.ts';
import { createDumpReader } from './dump-reader.ts';
import { createFraming, type Framing } from './framing.ts';
import { readIdentifier } from './identifier.ts';
import { createRowLines, reservedForRows } from './row-lines.ts';
import { readSchemaShape } from './schema-shape.ts';

export type DumpPart = TablePart | TextPart;

export interface TablePart {
  readonly kind: 'table';
  readonly table: string;
  /** to be read once, whole, before the next part is asked for; a piece is valid until the next one */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** once all of it was read */
  readonly framing: Framing;
}

/** They come when all tables have passed, unless all is wanted in its order: `schema` belongs before them, `views` behind them. */
export interface TextPart {
  readonly kind: 'schema' | 'views';
  readonly text: Uint8Array;
}

const dashes = Buffer.from('--\n');
const dumpingData = Buffer.from('-- Dumping data for table `');
const finalView = Buffer.from('-- Final view structure for view `');
/** Sets back what the beginning of the dump set. */
const footer = Buffer.from('/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n');
const complete = Buffer.from('-- Dump completed');
const insertWord = Buffer.from('INSERT INTO ');
/** Behind it a row a line, or rows on one line. */
const valuesWords = [' VALUES\n', ' VALUES '];
/** No statement or heading that is read as a whole is longer: thousands of columns with long names. */
const longestHead = 4 * 1024 * 1024;
/** What is no row is kept until the end: tens of thousands of tables. */
const mostText = 256 * 1024 * 1024;

export interface SplitOptions {
  /** whatever of the structure stands before a table's rows comes before them */
  readonly inOrder?: boolean;
  /** columns by table whose values are bytes as they are, which go on in hexadecimal */
  readonly bytes?: ColumnsOfBytes;
}

/** Code `truncated` when the dump ends before its end. */
export async function* splitDump(
  pieces: AsyncIterable<Uint8Array>,
  { inOrder = false, bytes }: SplitOptions = {},
): AsyncGenerator<DumpPart, void, void> {
  const reader = createDumpReader(pieces, reservedForRows);
  const rowLines = createRowLines(reader);
  const schema: Buffer[] = [];
  const views: Buffer[] = [];
  let kept = 0;
  let isComplete = false;
  let before: Buffer | undefined;
  /** of the table whose structure passed last */
  let definition: Buffer[] = [];

  for (let text = schema; ;) {
    const line = await reader.line();
    if (!line) break;
    isComplete = line.subarray(0, complete.length).equals(complete);
    const headed = before?.equals(dashes) === true && text === schema;
    if (text === schema && line.equals(footer)) text = views;
    if (headed && starts(line, finalView)) {
      text = views;
      views.push(schema.pop()!);
    }
    if (headed && starts(line, dumpingData)) {
      schema.pop();
      if (inOrder && schema.length > 0) yield { kind: 'schema', text: Buffer.concat(schema.splice(0)) };
      yield await tablePart([before!, line]);
      before = undefined;
      continue;
    }
    keep(text, line);
    if (starts(line, createTable)) definition = [];
    definition.push(line);
    before = line;
  }
  if (!isComplete) throw new HoldfastError('truncated', 'the dump ends before its end');
  yield { kind: 'schema', text: Buffer.concat(schema) };
  yield { kind: 'views', text: Buffer.concat(views) };

  function keep(text: Buffer[], line: Buffer): void {
    kept += line.length;
    if (kept > mostText) throw new HoldfastError('failed', 'the dump has a structure too large to be true');
    text.push(line);
  }

  /** Reads the heading up to the statement that names the table, from which the name is taken. */
  async function tablePart(lines: Buffer[]): Promise<TablePart> {
    for (let last = lines.at(-1)!, size = 0; !starts(last, alterTable); size += last.length) {
      const line = size < longestHead ? await reader.line() : undefined;
      if (!line) throw new HoldfastError('truncated', 'the dump ends before the rows of a table');
      lines.push(line);
      last = line;
    }
    const statement = lines.length - 1;
    while (!lines.at(-1)!.includes(' DISABLE KEYS */;')) {
      const line = await reader.line();
      if (!line) throw new HoldfastError('truncated', 'the dump ends before the rows of a table');
      lines.push(line);
    }
    const named = Buffer.concat(lines.slice(statement)).toString();
    const name = readIdentifier(named, alterTable.length);
    if (!name) throw new HoldfastError('corrupt', 'the dump has rows of a table without a name');
    const framing = createFraming();
    return { kind: 'table', table: name.name, bytes: tableBytes(lines, name.name, framing), framing };
  }

  async function* tableBytes(
    lines: readonly Buffer[],
    table: string,
    framing: Framing,
  ): AsyncGenerator<Uint8Array, void, void> {
    const beginning = Buffer.concat(lines);
    framing.notRows(beginning);
    yield beginning;
    if (starts(await reader.ahead(insertWord.length), insertWord)) {
      const insert = await insertOf(table);
      yield* rowLines(insert, framing, table, areBytes(table, insert));
    }
    let size = 0;
    for (;;) {
      const ahead = await reader.ahead(footer.length);
      if (ahead.length === 0 || starts(ahead, dashes) || starts(ahead, footer)) return;
      const line = (await reader.line())!;
      size += line.length;
      if (size > longestHead) throw new HoldfastError('corrupt', `the dump has no rows in those of ${table}`);
      framing.notRows(line);
      yield line;
    }
  }

  /** Which values of the rows of a table are bytes; undefined when none are. */
  function areBytes(table: string, insert: Buffer): boolean[] | undefined {
    const names = bytes?.get(table);
    if (!names) return undefined;
    const columns = readHead(insert.toString())?.columns ?? definedColumns(Buffer.concat(definition));
    if (columns.length === 0)
      throw new HoldfastError('corrupt', `the dump does not say what columns ${table} has`);
    return columns.map((name) => names.has(name));
  }

  /** What stands before the first row in each of a table's statements. */
  async function insertOf(table: string): Promise<Buffer> {
    for (let wanted = 1024; ; wanted *= 4) {
      const ahead = await reader.ahead(wanted);
      // names alone may hold anything, and they are quoted
      const text = ahead.subarray(0, wanted).toString('latin1');
      const end = endOfHead(text);
      if (end !== undefined) return Buffer.from(ahead.subarray(0, end));
      if (ahead.length < wanted || wanted > longestHead) {
        throw new HoldfastError('corrupt', `the dump has rows of ${table} in a form that is not known`);
      }
    }
  }
}

const alterTable = Buffer.from('/*!40000 ALTER TABLE ');
const createTable = Buffer.from('CREATE TABLE ');

function starts(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.subarray(0, prefix.length).equals(prefix);
}

/** Where the first row begins behind `INSERT INTO name [(columns)] VALUES`; undefined when the text is too short. */
function endOfHead(text: string): number | undefined {
  const head = readHead(text);
  const word = head && valuesWords.find((each) => text.startsWith(each, head.end));
  return word === undefined ? undefined : head!.end + word.length;
}

/** The columns of `INSERT INTO name [(columns)]`, if any, and where it ends; undefined when the text is too short. */
function readHead(text: string): { columns: readonly string[] | undefined; end: number } | undefined {
  const table = readIdentifier(text, insertWord.length);
  if (!table) return undefined;
  if (!text.startsWith(' (', table.end)) return { columns: undefined, end: table.end };
  const columns: string[] = [];
  let at = table.end + 1;
  while (text[at] === '(' || text[at] === ',') {
    const column = readIdentifier(text, text[at + 1] === ' ' ? at + 2 : at + 1);
    if (!column) return undefined;
    columns.push(column.name);
    at = column.end;
  }
  return text[at] === ')' ? { columns, end: at + 1 } : undefined;
}

function definedColumns(definition: Buffer): readonly string[] {
  const [table] = readSchemaShape(definition.toString('latin1')).tables;
  return table?.columns.map(({ name }) => name) ?? [];
}
