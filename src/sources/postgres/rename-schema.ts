/** Gives what a schema of a dump holds to a schema of another name. */
import type { SchemaStatement } from './chosen-statements.ts';
import { keyOf } from './dump-names.ts';
import { fromDumpBytes, nameAt, quoteName, readTokens } from './dump-tokens.ts';

export interface RenamedSchema {
  /** the new schema by the keys of all objects */
  readonly objects: ReadonlyMap<string, string>;
  /** for statements that name the schema alone: `GRANT USAGE ON SCHEMA shop` */
  readonly rename: (sql: string) => string;
}

/** Names are in the bytes of the dump. Warns of code that names the schema, which is left as it is. */
export function renameSchema(
  statements: readonly SchemaStatement[],
  name: string,
  newName: string,
  warn: (message: string) => void,
): RenamedSchema {
  const objects = new Map<string, string>();
  const naming: string[] = [];
  for (const { heading, sql, names } of statements) {
    // a name behind the first is one of the schema's objects, too, where both are made or bound by one statement
    const made = /^(?:SEQUENCE|INDEX ATTACH)$/.test(heading.type) ? names : names.slice(0, 1);
    for (const chain of made) if (chain.parts[0] === name) objects.set(keyOf(chain), newName);
    if (!/^(?:FUNCTION|PROCEDURE)$/.test(heading.type) || !sql.startsWith('CREATE ')) continue;
    const code = readTokens(sql).filter(({ kind }) => kind === 'string');
    if (code.some(({ start, end }) => sql.slice(start, end).includes(`${name}.`))) naming.push(heading.name);
  }
  if (naming.length > 0) {
    warn(
      `code is left as it is, also where it names the schema ${fromDumpBytes(name)}: ${fromDumpBytes(naming.join(', '))}`,
    );
  }
  return { objects, rename: (sql) => renamedAlone(sql, name, newName) };
}

function renamedAlone(sql: string, name: string, newName: string): string {
  const tokens = readTokens(sql);
  const at = tokens.findIndex(
    (token, i) =>
      token.kind === 'word' &&
      sql.slice(token.start, token.end) === 'SCHEMA' &&
      nameAt(sql, tokens[i + 1]) === name,
  );
  const found = tokens[at + 1];
  if (at < 0 || !found) return sql;
  return sql.slice(0, found.start) + quoteName(newName) + sql.slice(found.end);
}
