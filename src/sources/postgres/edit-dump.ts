/** Fits the statements of a dump to where they go: other owners, settings that an older server does not know. */
import { rolesIn, ownerToken } from './dump-roles.ts';
import { type DumpStatement, dumpStatements } from './dump-statements.ts';
import { nameAt, quoteName, readTokens, toDumpBytes } from './dump-tokens.ts';

/** The text of a statement to be; empty to leave it out. */
export type EditStatement = (statement: DumpStatement) => string;

export interface DumpEdits {
  /** who shall own everything; false for whoever restores; undefined to leave it as it is */
  readonly owner: string | false | undefined;
  /** false to leave out who may do what */
  readonly privileges: boolean;
  /** names that the server knows */
  readonly settings: ReadonlySet<string>;
  readonly tablespaces: ReadonlySet<string>;
  /** false to leave out those that large objects are wrapped in: they would end one around everything */
  readonly transactions: boolean;
}

export function createEdit({
  owner,
  privileges,
  settings,
  tablespaces,
  transactions,
}: DumpEdits): EditStatement {
  const owned = owner === undefined || owner === false ? undefined : quoteName(toDumpBytes(owner));
  return (statement) => {
    const { text, start, heading } = statement;
    const before = text.slice(0, start);
    const sql = text.slice(start);
    // each stream for psql has a frame of its own
    if (/^\\(?:un)?restrict /.test(sql)) return before;
    if (!transactions && (sql === 'BEGIN;' || sql === 'COMMIT;')) return before;
    if (sql.startsWith('SET ')) {
      const [, name, value] = /^SET (\w+) = (.*);$/s.exec(sql) ?? [];
      if (name !== undefined && !settings.has(name)) return before;
      if (name === 'default_tablespace' && value !== "''" && !tablespaces.has(unquoted(value!))) {
        return `${before}SET default_tablespace = '';`;
      }
    }
    if (!privileges && heading && /^(?:DEFAULT )?ACL$/.test(heading.type)) return before;
    if (owner === undefined || !sql.startsWith('ALTER ')) return text;
    const role = ownerToken(sql, readTokens(sql));
    if (!role) return text;
    return owned === undefined ? before : `${before}${sql.slice(0, role.start)}${owned};`;
  };
}

/** Text in pieces of about so many bytes is handed on. */
const pieceSize = 64 * 1024;

export async function* editDump(
  pieces: AsyncIterable<Uint8Array>,
  edit: EditStatement,
): AsyncGenerator<Uint8Array, void, void> {
  let held = '';
  for await (const statement of dumpStatements(pieces)) {
    held += edit(statement);
    if (held.length < pieceSize) continue;
    yield Buffer.from(held, 'latin1');
    held = '';
  }
  if (held !== '') yield Buffer.from(held, 'latin1');
}

/** What stands before the first object: the settings that every connection which loads a part of the dump needs. */
export async function readPreamble(pieces: AsyncIterable<Uint8Array>, edit: EditStatement): Promise<string> {
  let preamble = '';
  for await (const statement of dumpStatements(pieces)) {
    if (statement.heading) break;
    preamble += edit(statement);
  }
  return preamble;
}

/** Roles and tablespaces that the statements want to be there, as UTF-8. */
export interface Needs {
  readonly roles: Set<string>;
  readonly tablespaces: Set<string>;
}

/** An edit that changes nothing and adds what the statements need, after `edit`. */
export function collectNeeds(edit: EditStatement, needs: Needs): EditStatement {
  return (statement) => {
    const text = edit(statement);
    const space = /^SET default_tablespace = (.*);$/s.exec(statement.text.slice(statement.start))?.[1];
    if (space !== undefined && space !== "''") needs.tablespaces.add(utf8(unquoted(space)));
    const edited = { ...statement, text, start: Math.min(statement.start, text.length) };
    for (const role of rolesIn(edited)) needs.roles.add(utf8(role));
    return text;
  };
}

const utf8 = (name: string): string => Buffer.from(name, 'latin1').toString();

function unquoted(value: string): string {
  return nameAt(value, readTokens(value)[0]) ?? value;
}
