/** Some tables of a dump as one stream that psql takes: with what belongs to them, and without what they need besides. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { requireRows } from '../database/lost-parts.ts';
import { assemblePart } from './assemble-part.ts';
import { isAbout, readStoredSchema } from './chosen-statements.ts';
import { keyOfTable } from './dump-names.ts';
import { type EditStatement, readPreamble } from './edit-dump.ts';
import { restricted } from './load-dump.ts';
import { parseTableChoice } from './part-choice.ts';
import { chosenTable } from './part-piece.ts';

/** Codes `not-found`, `usage`. */
export async function dumpTables(
  stored: StoredDatabase,
  names: readonly string[],
): Promise<AsyncIterable<Uint8Array>> {
  const schema = await readStoredSchema(stored);
  const own = new Set<string>();
  for (const text of names) {
    if (parseTableChoice(text).newName !== undefined) {
      throw new HoldfastError('usage', 'a dump has the names that it has', {
        hint: '`holdfast restore --to` gives tables other names',
      });
    }
    const { table } = chosenTable(schema, text);
    for (const key of [...table.tables, ...table.sequences, ...table.indexes, ...table.statistics])
      own.add(key);
  }
  const { tables } = stored.evidence;
  requireRows(
    stored,
    tables.filter((table) => own.has(keyOfTable(table, schema))),
  );
  // the stream has a frame of its own
  const edit: EditStatement = ({ text, start }) => (text[start] === '\\' ? text.slice(0, start) : text);
  const part = {
    chosen: (statement: Parameters<typeof isAbout>[0]) => isAbout(statement, own),
    hasRows: (key: string) => own.has(key),
    schemaOf: () => undefined,
    edit,
  };
  async function* sql(): AsyncGenerator<Uint8Array, void, void> {
    yield Buffer.from(await readPreamble(stored.read(stored.evidence.parts[0]!.name), edit), 'latin1');
    yield* assemblePart(stored, schema, part);
  }
  return restricted(sql());
}
