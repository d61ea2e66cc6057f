/** A dump as the scripts that the official container image runs when it starts for the first time. */
import { randomBytes } from 'node:crypto';
import type { DumpFile, StoredDatabase } from '../database/driver.ts';
import { nameInPath } from '../database/name-in-path.ts';
import { createDatabaseSql } from './create-database.ts';
import { dumpStatements } from './dump-statements.ts';
import { nameAt, quoteName, quoteText, readTokens } from './dump-tokens.ts';
import { wholeDump } from './whole-dump.ts';

/** In the order in which the image runs them: roles are the server's, and every database needs them. */
export function initdbScripts(stored: StoredDatabase): DumpFile[] {
  const { globals, database } = stored.evidence;
  return [
    ...(globals ? [{ name: '10-roles.sql', bytes: rolesScript(stored, globals.name) }] : []),
    { name: `20-${nameInPath(database)}.sql`, bytes: databaseScript(stored) },
  ];
}

/** Roles that are there, as the image's own superuser is, stay as they are. */
async function* rolesScript(stored: StoredDatabase, globals: string): AsyncGenerator<Uint8Array, void, void> {
  const made = new Map<string, string[]>();
  const grants: string[] = [];
  for await (const { text, start } of dumpStatements(stored.read(globals))) {
    const sql = text.slice(start);
    const tokens = readTokens(sql);
    const word = (at: number): string => nameAt(sql, tokens[at]) ?? '';
    const about = word(0) === 'COMMENT' && word(2) === 'ROLE' ? word(3) : word(2);
    if (/^(?:CREATE ROLE|ALTER ROLE|COMMENT ON ROLE) /.test(sql))
      made.set(about, [...(made.get(about) ?? []), sql]);
    else if (word(0) === 'GRANT' && word(2) === 'TO') grants.push(sql);
  }
  const tag = `$holdfast_${randomBytes(8).toString('hex')}$`;
  yield Buffer.from("SET client_encoding = 'UTF8';\n");
  for (const [role, statements] of made) {
    const missing = `IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${quoteText(role)}) THEN`;
    const block = `DO ${tag} BEGIN ${missing}\n${statements.join('\n')}\nEND IF; END ${tag};\n`;
    yield Buffer.from(block, 'latin1');
  }
  yield Buffer.from(`${grants.join('\n')}\n`, 'latin1');
}

async function* databaseScript(stored: StoredDatabase): AsyncGenerator<Uint8Array, void, void> {
  const { database: name, encoding, locale, server } = stored.evidence;
  const major = Number.parseInt(server, 10);
  const made = createDatabaseSql({ name, encoding, locale, owner: undefined, major }).replace(/;\n$/, '');
  // the image has made the database already that POSTGRES_DB names
  const missing = `SELECT ${quoteText(made)} WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = ${quoteText(name)})`;
  // a connection string, where quotes and backslashes have a meaning, as the name that psql takes
  const connection = quoteName(`dbname='${name.replaceAll(/[\\']/g, '\\$&')}'`);
  yield Buffer.from(`SET client_encoding = 'UTF8';\n${missing} \\gexec\n`);
  yield Buffer.from(`\\connect -reuse-previous=on ${connection}\n`);
  yield* wholeDump(stored);
}
