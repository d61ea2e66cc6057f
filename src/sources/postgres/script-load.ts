/** Puts a script in the place of a database of PostgreSQL: drop, make, load, grant. */
import { devNull } from 'node:os';
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import { runProcess, type ProcessOptions } from '../../kernel/process.ts';
import type { DatabaseLocale } from '../database/evidence.ts';
import type {
  OpenScript,
  ScriptDatabase,
  ScriptRestoreOptions,
  ScriptRestoreResult,
} from '../database/script.ts';
import { connectionEnvironment } from './connection.ts';
import { createDatabaseSql, localeQuestion } from './create-database.ts';
import { quoteName, quoteText } from './dump-tokens.ts';
import { findProgram } from './programs.ts';
import { connectionOf } from './script-dump.ts';
import { readScriptFacts, type ScriptFacts } from './script-facts.ts';
import { withTolerantRoles } from './script-roles.ts';
import { askPsql } from './server-facts.ts';
import { askTargetServer, ownSchemas, type TargetServer } from './target-facts.ts';

/** How the database was that is replaced. */
interface Former {
  readonly owner: string;
  readonly encoding: string;
  readonly locale: DatabaseLocale;
}

/** Nothing is dropped before the script was read to its end and the server is known to have what it takes. */
export async function restorePostgresScript(
  database: ScriptDatabase,
  open: OpenScript,
  options: ScriptRestoreOptions,
): Promise<ScriptRestoreResult> {
  const { environment, signal, administrator, tell } = options;
  const name = database.database;
  tell('Checking that the backup is whole ...');
  const facts = await readScriptFacts(open());
  const { path: psql } = await findProgram('psql', { environment, signal, folder: options.programs });
  const who = administrator ?? database;
  const env = connectionEnvironment({ ...connectionOf(database), user: who.user }, environment, who.password);
  const child = { env, signal, stallTimeout: options.stallTimeout, onWarning: options.warn };
  // a session cannot drop the database that it is in
  const elsewhere = { ...child, env: { ...env, PGDATABASE: name === 'postgres' ? 'template1' : 'postgres' } };
  const server = await askTargetServer(psql, name, elsewhere);
  refuseMissing(facts, server);
  const former = server.exists ? await askFormer(psql, child) : undefined;

  if (server.exists) {
    tell(`Dropping the database ${name} ...`);
    await run(psql, `DROP DATABASE ${quoteName(name)};\n`, elsewhere).catch(explainDrop);
  }
  tell(`Making the database ${name} ...`);
  await create(psql, name, former, server.major, elsewhere, options.warn);
  tell('Restoring ...');
  try {
    await loadPostgresScript(psql, open(), { child, ignoreErrors: options.ignoreErrors });
  } catch (error) {
    if (!hasCode(error, 'failed')) throw error;
    throw new HoldfastError('failed', `the database ${name} is restored in part: ${messageOf(error)}`, {
      hint: '-I goes on after statements that fail',
      cause: error,
    });
  }
  await run(psql, grants(database, facts, server, former === undefined), child);
  return summary(psql, child);
}

/** Feeds psql with a script as it is kept. Code `failed` with psql's own words. */
export async function loadPostgresScript(
  psql: string,
  script: AsyncIterable<Uint8Array>,
  { child, ignoreErrors }: { readonly child: ProcessOptions; readonly ignoreErrors: boolean },
): Promise<void> {
  // that a role has a membership already is no news
  const quiet = ['-c', 'set client_min_messages = warning'];
  const stop = ['-v', `ON_ERROR_STOP=${ignoreErrors ? 0 : 1}`];
  const args = ['-X', '-q', '-w', ...stop, '-o', devNull, ...quiet, '-f', '-'];
  await runProcess(psql, args, withTolerantRoles(script), child);
}

/** Of the database that `child` enters: all of its tables, and its size. */
export async function summary(
  psql: string,
  child: ProcessOptions,
  schema?: string,
): Promise<ScriptRestoreResult> {
  const where = schema === undefined ? ownSchemas : `n.nspname = ${quoteText(schema)}`;
  return askPsql<ScriptRestoreResult>(
    psql,
    `select json_build_object('size', pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(current_database())),
      'tables', (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and ${where}));`,
    child,
  );
}

async function run(psql: string, sql: string, child: ProcessOptions): Promise<void> {
  const args = ['-X', '-q', '-w', '-v', 'ON_ERROR_STOP=1', '-o', devNull, '-f', '-'];
  await runProcess(psql, args, `${sql}\n`, child);
}

function refuseMissing(facts: ScriptFacts, server: TargetServer): void {
  const absent = facts.extensions.filter((name) => !server.extensions.includes(name));
  if (absent.length === 0) return;
  throw new HoldfastError(
    'failed',
    `the server has no extension ${absent.join(', ')}, which the backup needs`,
    {
      hint: 'nothing was changed; install the packages that bring them on the server',
    },
  );
}

/** Undefined when the administrator may not enter it. */
async function askFormer(psql: string, child: ProcessOptions): Promise<Former | undefined> {
  try {
    return await askPsql<Former>(
      psql,
      `select json_build_object('owner', pg_catalog.pg_get_userbyid(d.datdba),
        'encoding', pg_catalog.pg_encoding_to_char(d.encoding), 'locale', ${localeQuestion})
      from pg_catalog.pg_database d where d.datname = current_database();`,
      child,
    );
  } catch (error) {
    if (hasCode(error, 'failed')) return undefined;
    throw error;
  }
}

/** As it was; a new one is as the server makes it, without what somebody put into template1. */
async function create(
  psql: string,
  name: string,
  former: Former | undefined,
  major: number,
  child: ProcessOptions,
  warn: (message: string) => void,
): Promise<void> {
  if (!former) return run(psql, `CREATE DATABASE ${quoteName(name)} TEMPLATE template0;\n`, child);
  try {
    await run(psql, createDatabaseSql({ name, ...former, major }), child);
  } catch (error) {
    // where the administrator is no superuser
    if (!hasCode(error, 'failed') || !/must be (?:a )?member of|SET ROLE/.test(error.message)) throw error;
    warn(`the database ${name} does not go to its owner ${former.owner}: ${messageOf(error)}`);
    await run(psql, createDatabaseSql({ name, ...former, owner: undefined, major }), child);
  }
}

function explainDrop(cause: unknown): never {
  if (!hasCode(cause, 'failed') || !/accessed by other users/.test(messageOf(cause))) throw cause;
  throw new HoldfastError('failed', `nothing was changed: ${messageOf(cause)}`, {
    hint: 'stop the applications that use the database, and try again',
    cause,
  });
}

/** Who may use what was restored, and with which password when the server did not know the user. */
function grants(
  { database, user, password }: ScriptDatabase,
  facts: ScriptFacts,
  server: TargetServer,
  isNew: boolean,
): string {
  if (user === undefined) return '';
  const role = quoteName(user);
  const statements: string[] = [];
  const wasThere = server.roles.includes(user);
  if (!wasThere) {
    const verb = facts.made.has(user) ? 'ALTER' : 'CREATE';
    const secret = password === undefined ? '' : ` PASSWORD ${quoteText(password)}`;
    statements.push(`${verb} ROLE ${role} LOGIN${secret};`);
  }
  statements.push(`GRANT ALL ON DATABASE ${quoteName(database)} TO ${role};`);
  const isKnown = facts.made.has(user) || facts.roles.has(user);
  // a user of whom the backup says nothing could do nothing with what is in it
  if (isNew || !isKnown) {
    const all = isKnown
      ? ''
      : '\n    ' + ['TABLES', 'SEQUENCES', 'FUNCTIONS'].map(grantAll(role)).join('\n    ');
    const which = isKnown ? `n.nspname = 'public'` : ownSchemas;
    statements.push(`DO $holdfast$ DECLARE found record; BEGIN
  FOR found IN SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE ${which} LOOP
    EXECUTE pg_catalog.format('GRANT ALL ON SCHEMA %I TO %s', found.nspname, ${quoteText(role)});${all}
  END LOOP;
END $holdfast$;`);
  }
  return statements.join('\n');
}

const grantAll =
  (role: string) =>
  (objects: string): string =>
    `EXECUTE pg_catalog.format('GRANT ALL ON ALL ${objects} IN SCHEMA %I TO %s', found.nspname, ${quoteText(role)});`;
