/**
 * MariaDB writes where a sequence lies into the default values that draw from it. A copy of the database under another
 * name would draw from the original's: those of the same database are named without it.
 */
import { quoteIdentifier } from './identifier.ts';
import { readTokens } from './dump-tokens.ts';

const drawing = ['nextval', 'lastval'];

/** The structure of a dump with the database's name taken off its own sequences. */
export function nameOwnSequences(schema: Uint8Array, database: string): Uint8Array {
  const sql = Buffer.from(schema.buffer, schema.byteOffset, schema.byteLength).toString('latin1');
  if (!drawing.some((word) => sql.includes(`${word}(`))) return schema;
  const own = Buffer.from(quoteIdentifier(database)).toString('latin1');
  const tokens = [...readTokens(sql)];
  let text = '';
  let taken = 0;
  for (const [i, { kind, source, start }] of tokens.entries()) {
    if (kind !== 'name' || source !== own || tokens[i + 1]?.source !== '.') continue;
    if (tokens[i - 1]?.source !== '(' || !drawing.includes(tokens[i - 2]?.source ?? '')) continue;
    text += sql.slice(taken, start);
    taken = tokens[i + 1]!.start + 1;
  }
  return Buffer.from(text + sql.slice(taken), 'latin1');
}
