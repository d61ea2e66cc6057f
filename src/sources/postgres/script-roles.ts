/**
 * Roles at the head of a script, in a form that can be run anywhere: made where they are missing, left alone where they
 * are there. As pg_dumpall writes them, the first role that exists ends a restore that stops at errors, and those that
 * exist are changed.
 */
import { dumpStatements } from './dump-statements.ts';
import { nameAt, quoteText, readTokens } from './dump-tokens.ts';

const clusterHead = '-- PostgreSQL database cluster dump\n';
const clusterEnd = Buffer.from('-- PostgreSQL database cluster dump complete\n');
/** A head that is longer is none that pg_dumpall wrote of roles alone. */
const longestHead = 64 * 1024 * 1024;

/** What `pg_dumpall --roles-only` wrote, made so. */
export async function tolerantRoles(sql: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const roles = new Map<string, string[]>();
  let text = '';
  let rest = '';
  let members = '';
  for await (const { text: whole, start } of dumpStatements(sql)) {
    const statement = whole.slice(start);
    const role = roleOf(statement);
    if (role !== undefined) {
      roles.set(role, [...(roles.get(role) ?? []), statement]);
    } else if (statement.startsWith('GRANT ')) {
      members += tolerant(statement, `${statement}\nEXCEPTION WHEN OTHERS THEN RAISE WARNING '%', SQLERRM;`);
    } else if (roles.size === 0) {
      text += whole;
    } else {
      rest += whole;
    }
  }
  const made = [...roles].map(([role, statements]) => {
    const name = quoteText(role);
    return tolerant(
      statements.join('\n'),
      [
        `IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = ${name}) THEN`,
        ...statements,
        'END IF;',
        `EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING 'the role % is not made: %', ${name}, SQLERRM;`,
      ].join('\n'),
    );
  });
  return Buffer.from(`${text}\n\n${made.join('')}${members}${rest}`, 'latin1');
}

/** The whole script, its roles made so; a script that has none is as it was. Pieces are valid until the next one. */
export async function* withTolerantRoles(
  script: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  let held: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of script) {
    if (held === undefined) {
      yield piece;
      continue;
    }
    const searched: number = Math.max(0, held.length - clusterEnd.length);
    held = Buffer.concat([held, piece]);
    const at: number = held.indexOf(clusterEnd, searched);
    const mayHave = held.length < 256 || held.subarray(0, 256).includes(clusterHead);
    if (at < 0 && mayHave && held.length < longestHead) continue;
    if (at < 0 || !mayHave) yield held;
    else {
      const end: number = at + clusterEnd.length;
      yield await tolerantRoles(once(held.subarray(0, end)));
      yield held.subarray(end);
    }
    held = undefined;
  }
  if (held !== undefined && held.length > 0) yield held;
}

/** The role that a statement makes, changes or tells of; undefined for all others. */
function roleOf(statement: string): string | undefined {
  if (!/^(?:CREATE ROLE|ALTER ROLE|COMMENT ON ROLE|SECURITY LABEL )/.test(statement)) return undefined;
  const tokens = readTokens(statement.slice(0, 1024));
  const at = statement.startsWith('COMMENT')
    ? 3
    : statement.startsWith('SECURITY')
      ? tokens.findIndex((token) => nameAt(statement, token) === 'ROLE') + 1
      : 2;
  return nameAt(statement, tokens[at]);
}

/** The roles that a statement of such a head makes, whichever form it has. */
export function rolesMadeBy(statement: string): string[] {
  if (!/^(?:DO |CREATE ROLE )/.test(statement)) return [];
  return [...statement.matchAll(/^CREATE ROLE ("(?:[^"]|"")+"|[^\s;"]+);$/gm)].map(([, name]) =>
    nameAt(name!, readTokens(name!)[0])!,
  );
}

/** As a block of PL/pgSQL. */
function tolerant(statements: string, block: string): string {
  let tag = '$holdfast$';
  for (let i = 1; statements.includes(tag); i++) tag = `$holdfast${i}$`;
  return `DO ${tag} BEGIN\n${block}\nEND ${tag};\n`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
