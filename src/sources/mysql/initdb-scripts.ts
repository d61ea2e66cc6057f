/** A dump as the scripts that the official container images of MySQL and MariaDB run when they start for the first time. */
import type { DumpFile, StoredDatabase } from '../database/driver.ts';
import { nameInPath } from '../database/name-in-path.ts';
import { quoteIdentifier } from './identifier.ts';
import { splitAccounts } from './object-rights.ts';

/** Accounts that the image makes for itself: it enters its server with them until the last script is done. */
const ofImage = /^(?:root|healthcheck|mariadb\.sys|mysql(?:\.\w+)?)$/;

/** In the order in which the image runs them: rights on tables and routines need these. */
export function initdbScripts(stored: StoredDatabase): DumpFile[] {
  const { globals, database } = stored.evidence;
  return [
    { name: `10-${nameInPath(database)}.sql`, bytes: databaseScript(stored) },
    ...(globals ? [{ name: '20-users.sql', bytes: usersScript(stored, globals.name) }] : []),
  ];
}

async function* databaseScript({ evidence, read }: StoredDatabase): AsyncGenerator<Uint8Array, void, void> {
  const { database, encoding, parts } = evidence;
  const name = quoteIdentifier(database);
  const [characterSet, collation] = encoding.split(' ');
  const as = collation === undefined ? '' : ` CHARACTER SET ${characterSet} COLLATE ${collation}`;
  // it is there when the image's own setting names it
  const made = `CREATE DATABASE IF NOT EXISTS ${name};\n${as && `ALTER DATABASE ${name}${as};\n`}USE ${name};\n`;
  yield Buffer.from(made);
  for (const part of parts) yield* read(part.name);
}

async function* usersScript(
  { evidence, read }: StoredDatabase,
  globals: string,
): AsyncGenerator<Uint8Array, void, void> {
  const { general, rights } = await splitAccounts(read(globals));
  const ofDatabase = rights.filter((right) => right.database === evidence.database);
  const text = Buffer.concat([general, ...ofDatabase.map(({ statement }) => statement)]).toString('latin1');
  const kept = text.split(/(?<=;\n)/).filter((statement) => !isOfImage(statement));
  yield Buffer.from(kept.join(''), 'latin1');
}

const account = /\b(?:TO|FOR|USER(?: IF NOT EXISTS)?) ['`]((?:[^'`\\]|\\.|``|'')*)['`]@/;

/** Whether a statement makes an account that the image has, or says what it may do. */
function isOfImage(statement: string): boolean {
  const user = account.exec(statement)?.[1];
  return user !== undefined && ofImage.test(user);
}
