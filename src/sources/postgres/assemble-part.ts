/** Puts together what restores some tables or schemas of a dump, under other names where that is wanted. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { createLineInput } from '../database/line-input.ts';
import type { SchemaStatement, StoredSchema } from './chosen-statements.ts';
import { keyOfTable, moveNames } from './dump-names.ts';
import { endOfRows } from './dump-parts.ts';
import type { EditStatement } from './edit-dump.ts';

export interface ChosenPart {
  readonly chosen: (statement: SchemaStatement) => boolean;
  /** of tables whose rows are wanted */
  readonly hasRows: (key: string) => boolean;
  /** the schema that an object goes to instead of its own */
  readonly schemaOf: (key: string) => string | undefined;
  /** of the statement itself, where it names a schema alone */
  readonly rename?: ((sql: string) => string) | undefined;
  readonly edit: EditStatement;
}

/** SQL in the bytes of the dump. */
export async function* assemblePart(
  stored: StoredDatabase,
  schema: StoredSchema,
  part: ChosenPart,
): AsyncGenerator<Uint8Array, void, void> {
  const text = (statements: readonly SchemaStatement[]): Buffer =>
    Buffer.from(
      statements
        .filter(part.chosen)
        .map((statement) => fitted(statement, part))
        .join(''),
      'latin1',
    );
  yield text(schema.before);
  for (const table of stored.evidence.tables) {
    const key = keyOfTable(table, schema);
    if (part.hasRows(key)) yield* rowsOf(stored.read(table.part), part);
  }
  yield text(schema.sequences);
  yield text(schema.after);
}

function fitted(statement: SchemaStatement, { edit, schemaOf, rename }: ChosenPart): string {
  const edited = edit(statement);
  // the settings in between are those of whatever came before
  const start = Math.min(statement.start, edited.length);
  const sql = moveNames(edited.slice(start), schemaOf);
  return `${edited.slice(0, start)}${rename ? rename(sql) : sql}\n`;
}

const longestHead = 1024 * 1024;
const beginOfRows = Buffer.from(' FROM stdin;\n');

/** The rows of a table, and before them the statement that loads them, which names the table. */
async function* rowsOf(
  bytes: AsyncIterable<Uint8Array>,
  { schemaOf }: ChosenPart,
): AsyncGenerator<Uint8Array, void, void> {
  const input = createLineInput(bytes);
  const lines: Buffer[] = [];
  let size = 0;
  for (;;) {
    const line = await input.line();
    if (!line || (size += line.length) > longestHead) {
      throw new HoldfastError('corrupt', 'a part of the dump has no rows in it');
    }
    lines.push(line);
    if (line.subarray(-beginOfRows.length).equals(beginOfRows)) break;
  }
  const head = Buffer.concat(lines).toString('latin1');
  const at = head.indexOf('\nCOPY ') + 1;
  yield Buffer.from(`\n${moveNames(head.slice(at), schemaOf)}`, 'latin1');
  yield* input.until(endOfRows, () => new HoldfastError('truncated', 'the rows of a table have no end'));
}
