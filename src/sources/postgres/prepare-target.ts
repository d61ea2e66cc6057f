/** What is found out about the target of a restore before anything is changed, and said when it fails. */
import { randomBytes } from 'node:crypto';
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { ProcessOptions } from '../../kernel/process.ts';
import type { DatabaseTargetOptions, StoredDatabase } from '../database/driver.ts';
import type { RestoreChoices } from '../database/restore-plan.ts';
import { connectionEnvironment, type PostgresConnection } from './connection.ts';
import { quoteText, toDumpBytes } from './dump-tokens.ts';
import { createEdit, type EditStatement } from './edit-dump.ts';
import { findProgram, type FoundProgram } from './programs.ts';
import { missingRoles } from './restore-roles.ts';
import { askPsql } from './server-facts.ts';
import { askTargetServer, type TargetServer } from './target-facts.ts';

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
    throw new HoldfastError('not-found', messageOf(cause), {
      hint: choices.tables || choices.schemas ? 'make it first' : '--create makes it',
      cause,
    });
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
    tablespaces: new Set(server.tablespaces.map((name) => toDumpBytes(name))),
    transactions: !options.singleTransaction,
  });
  return { options, psql, child, elsewhere, server, edit };
}

export async function refuseNeeds(
  stored: StoredDatabase,
  { server, options }: PreparedTarget,
  needs: { readonly roles: Set<string>; readonly tablespaces: ReadonlySet<string> },
  made: readonly string[],
): Promise<void> {
  const { evidence } = stored;
  const { owner, privileges, withRoles, tables, schemas } = options.choices;
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
  const globals = withRoles || tables || schemas ? undefined : evidence.globals;
  const known = globals ? (await missingRoles(stored, globals.name, new Set(server.roles))).names : [];
  const ways = [
    roles.every((name) => known.includes(name)) ? '--with-roles makes them as they were' : 'make them first',
    owner === undefined || privileges !== false
      ? '--owner ROLE or --no-owner and --no-privileges go without them, as far as no policy is for them'
      : 'policies and user mappings are for them, and are not left out',
  ];
  throw new HoldfastError('not-found', `${listed('role', roles.toSorted())} missing on the server`, {
    hint: ways.join('; '),
  });
}

export function listed(what: string, names: readonly string[]): string {
  return names.length === 1 ? `the ${what} ${names[0]} is` : `the ${what}s ${names.join(', ')} are`;
}

/** For what is put right after an interruption, and must not take long then. */
export function afterwards(child: ProcessOptions): ProcessOptions {
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
