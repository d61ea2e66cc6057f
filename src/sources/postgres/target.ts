/** A PostgreSQL database as a target: a dump goes through the stock psql, which stops at the first error. */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { ProcessOptions } from '../../kernel/process.ts';
import type { DatabaseTargetOptions, StoredDatabase } from '../database/driver.ts';
import type { RestoreChoices, RestorePlan } from '../database/restore-plan.ts';
import { connectionEnvironment, type PostgresConnection } from './connection.ts';
import { createDatabaseSql } from './create-database.ts';
import { quoteName, quoteText, toDumpBytes } from './dump-tokens.ts';
import { collectNeeds, createEdit, editDump, type EditStatement } from './edit-dump.ts';
import { emptyingSql } from './empty-database.ts';
import { loadDump, runPsql } from './load-dump.ts';
import { findProgram, type FoundProgram } from './programs.ts';
import { type MissingRoles, missingRoles } from './restore-roles.ts';
import { askPsql } from './server-facts.ts';
import { askContents, askTargetServer, lossOf, type TargetServer } from './target-facts.ts';

export interface PostgresTargetOptions extends DatabaseTargetOptions {
  readonly connection: PostgresConnection;
  readonly choices: RestoreChoices;
}

/** What was found out before anything is changed. */
export interface PreparedTarget {
  readonly options: PostgresTargetOptions;
  readonly psql: FoundProgram;
  readonly child: ProcessOptions;
  /** in a database that is always there */
  readonly elsewhere: ProcessOptions;
  readonly server: TargetServer;
  readonly edit: EditStatement;
}

/**
 * Restores into an empty database, or one that is emptied or made first when that is asked for. Codes `exists` when it
 * is not empty, `not-found` when roles or extensions are missing, `unsupported` when the server is too old, `failed`
 * with psql's own words and what became of the database.
 */
export async function restorePostgres(stored: StoredDatabase, options: PostgresTargetOptions): Promise<void> {
  const target = await prepareTarget(stored, options);
  const { choices, connection } = options;
  const { server, child, psql } = target;
  const name = connection.database;
  const found = server.exists ? await askContents(psql.path, child) : undefined;
  const loss = found && lossOf(`the database ${name}`, found);
  if (loss && !choices.clean) {
    throw new HoldfastError('exists', `the database ${name} is not empty`, {
      hint: 'restore into a new one, which --create makes; or --clean removes first what is there',
    });
  }
  if (found && !choices.create && found.encoding !== stored.evidence.encoding) {
    options.warn(
      `the database ${name} has the encoding ${found.encoding}, and the dump ${stored.evidence.encoding}`,
    );
  }
  const roles = await rolesToMake(stored, target);
  await refuseMissing(stored, target, roles.names);
  const { tables } = stored.evidence;
  const plan: RestorePlan = {
    steps: [
      ...roles.names.map((role) => `make the role ${role}`),
      ...(server.exists && choices.clean && choices.create ? [`drop the database ${name}`] : []),
      ...(choices.create && (!server.exists || choices.clean) ? [`make the database ${name}`] : []),
      ...(loss && !choices.create ? [`empty the database ${name}`] : []),
    ],
    loss,
    tables: tables.length,
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
  };
  if ((await options.proceed?.(plan)) === false) return;
  await perform(stored, target, roles, loss !== undefined);
}

export async function prepareTarget(
  stored: StoredDatabase,
  options: PostgresTargetOptions,
): Promise<PreparedTarget> {
  const { connection, environment, signal, choices } = options;
  const psql = await findProgram('psql', { environment, signal, folder: options.programs });
  const application = `holdfast restore ${randomBytes(6).toString('hex')}`;
  const env = { ...connectionEnvironment(connection, environment, options.password), PGAPPNAME: application };
  const child = { env, signal, onWarning: options.warn };
  const elsewhere = { ...child, env: { ...env, PGDATABASE: 'postgres' } };
  const asked = choices.create ? elsewhere : child;
  const server = await askTargetServer(psql.path, connection.database, asked).catch((cause: unknown) => {
    if (choices.create || !/database ".*" does not exist/.test(messageOf(cause))) throw cause;
    throw new HoldfastError('not-found', messageOf(cause), { hint: '--create makes it', cause });
  });
  const major = Number.parseInt(stored.evidence.server, 10);
  if (server.major < major) {
    const older = `the dump is of PostgreSQL ${major}, and the server is ${server.version}, which is older`;
    if (!options.singleTransaction) {
      throw new HoldfastError('unsupported', older, {
        hint: 'it may work all the same: --single-transaction tries it, and leaves nothing when it does not',
      });
    }
    options.warn(older);
  }
  const edit = createEdit({
    owner: choices.owner,
    privileges: choices.privileges ?? true,
    settings: new Set(server.settings),
    tablespaces: new Set(server.tablespaces.map(toDumpBytes)),
  });
  return { options, psql, child, elsewhere, server, edit };
}

async function rolesToMake(
  stored: StoredDatabase,
  { options, server }: PreparedTarget,
): Promise<MissingRoles> {
  if (!options.choices.withRoles) return { names: [], sql: '' };
  const { globals } = stored.evidence;
  if (globals) return missingRoles(stored, globals.name, new Set(server.roles));
  throw new HoldfastError('not-found', 'the snapshot does not have the roles of its server', {
    hint: 'it was made without them: make them by hand, or go without by --no-owner and --no-privileges',
  });
}

/** Large objects' own part is looked through for owners up to this size, bytes. */
const searchedBytes = 64 * 1024 * 1024;

/** Names everything that the dump needs and the server does not have, before anything is written. */
async function refuseMissing(
  stored: StoredDatabase,
  target: PreparedTarget,
  made: readonly string[],
): Promise<void> {
  const needs = { roles: new Set<string>(), tablespaces: new Set<string>() };
  const collect = collectNeeds(target.edit, needs);
  for (const { name, bytes } of stored.evidence.parts) {
    if (name.startsWith('2-data.') || bytes > searchedBytes) continue;
    for await (const piece of editDump(stored.read(name), collect)) void piece;
  }
  refuseNeeds(stored, target, needs, made);
}

export function refuseNeeds(
  { evidence }: StoredDatabase,
  { server, options }: PreparedTarget,
  needs: { readonly roles: Set<string>; readonly tablespaces: ReadonlySet<string> },
  made: readonly string[],
): void {
  const { owner } = options.choices;
  if (typeof owner === 'string') needs.roles.add(owner);
  const spaces = [...needs.tablespaces].filter((name) => !server.tablespaces.includes(name));
  if (spaces.length > 0) {
    options.warn(`${listed('tablespace', spaces)} not on the server: what was there goes to the default one`);
  }
  const extensions = evidence.extensions.map(({ name }) => name);
  const lacking = extensions.filter((name) => !server.extensions.includes(name));
  if (lacking.length > 0) {
    throw new HoldfastError('not-found', `${listed('extension', lacking)} not installed on the server`, {
      hint: 'install the packages that have them, and try again',
    });
  }
  const roles = [...needs.roles].filter((name) => !server.roles.includes(name) && !made.includes(name));
  if (roles.length === 0) return;
  const ways = [
    ...(evidence.globals && !options.choices.withRoles
      ? ['--with-roles makes them as they were']
      : ['make them first']),
    '--owner ROLE or --no-owner and --no-privileges go without them',
  ];
  throw new HoldfastError('not-found', `${listed('role', roles.toSorted())} missing on the server`, {
    hint: ways.join('; '),
  });
}

function listed(what: string, names: readonly string[]): string {
  return names.length === 1 ? `the ${what} ${names[0]} is` : `the ${what}s ${names.join(', ')} are`;
}

/** Below this one connection is as fast, bytes. */
const worthJobs = 32 * 1024 * 1024;
const mostJobs = 4;

function jobsFor(
  { evidence }: StoredDatabase,
  { choices, singleTransaction }: PostgresTargetOptions,
): number {
  if (singleTransaction) return 1;
  if (choices.jobs !== undefined) return choices.jobs;
  const bytes = evidence.parts.reduce((sum, part) => sum + part.bytes, 0);
  return bytes < worthJobs ? 1 : Math.min(mostJobs, availableParallelism());
}

async function perform(
  stored: StoredDatabase,
  target: PreparedTarget,
  roles: MissingRoles,
  full: boolean,
): Promise<void> {
  const { options, psql, child, elsewhere, server, edit } = target;
  const { choices, connection, singleTransaction } = options;
  const name = connection.database;
  const { encoding, locale } = stored.evidence;
  const run = { psql: psql.path, version: psql.version, singleTransaction: false };
  const ask = (sql: string, child = elsewhere): Promise<void> =>
    runPsql(once(toDumpBytes(sql)), { ...run, child });
  let state = 'nothing was changed';
  let made = false;
  try {
    if (roles.sql !== '') {
      const sql = once(`SET client_encoding = 'UTF8';\n${roles.sql}`);
      const where = server.exists ? child : elsewhere;
      await runPsql(sql, { ...run, child: where, singleTransaction: true });
      state = `${listed('role', roles.names)} made, and nothing else was changed`;
    }
    if (choices.create && server.exists && choices.clean) {
      await ask(`DROP DATABASE ${quoteName(name)};\n`);
      state = `the database ${name} is dropped`;
    }
    if (choices.create && (!server.exists || choices.clean)) {
      const owner = typeof choices.owner === 'string' ? choices.owner : undefined;
      await ask(createDatabaseSql({ name, encoding, locale, owner, major: server.major }));
      made = true;
      state = `the database ${name} is new and empty`;
    }
    const first = full && !choices.create ? toDumpBytes(await emptyingSql(psql.path, child)) : '';
    if (!singleTransaction) state = `the database ${name} is left with a part of the restore`;
    const jobs = jobsFor(stored, options);
    await loadDump(stored, { ...run, child, edit, singleTransaction, jobs, first });
  } catch (cause) {
    await endSessions(target);
    if (made && singleTransaction) {
      const dropped = ask(`DROP DATABASE ${quoteName(name)};\n`, afterwards(elsewhere));
      state = await dropped.then(
        () => `the new database ${name} was dropped again`,
        () => state,
      );
    }
    throw withState(cause, state, options.warn);
  }
}

/** For what is put right after an interruption, and must not take long then. */
function afterwards(child: ProcessOptions): ProcessOptions {
  const env = { ...child.env, PGCONNECT_TIMEOUT: '5' };
  return { env, signal: AbortSignal.timeout(15_000) };
}

/** A server does not notice at once that psql is gone, and goes on with the rows that it has. */
export async function endSessions({ psql, elsewhere }: PreparedTarget): Promise<void> {
  const question = `select json_build_array(count(pg_catalog.pg_terminate_backend(pid))) from pg_catalog.pg_stat_activity
    where application_name = ${quoteText(elsewhere.env['PGAPPNAME']!)} and pid <> pg_catalog.pg_backend_pid();`;
  const child = afterwards(elsewhere);
  try {
    while ((await askPsql<number[]>(psql.path, question, child))[0] !== 0);
  } catch {
    // the server is gone, or hears nobody: it will notice by itself
  }
}

/** The error, and how it leaves the target. */
export function withState(cause: unknown, state: string, warn: (message: string) => void): unknown {
  if (hasCode(cause, 'interrupted')) warn(state);
  if (!(cause instanceof HoldfastError) || cause.code === 'interrupted') return cause;
  const { code, hint, retryable, message } = cause;
  const again =
    hint ?? (state.includes(' is left with ') ? '--clean empties it before another try' : undefined);
  const details = { retryable, cause, ...(again === undefined ? {} : { hint: again }) };
  return new HoldfastError(code, `${message}; ${state}`, details);
}

async function* once(sql: string): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(sql, 'latin1');
}
