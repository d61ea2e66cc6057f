/** A database of MySQL or MariaDB as a target: a dump goes through the stock client, which stops at the first error. */
import { HoldfastError, hasCode } from '../../kernel/errors.ts';
import type { DatabaseTargetOptions, StoredDatabase } from '../database/driver.ts';
import type { RestoreChoices, RestorePlan } from '../database/restore-plan.ts';
import type { MysqlConnection } from './connection.ts';
import { editDefiners } from './definers.ts';
import { quoteIdentifier } from './identifier.ts';
import { withoutGenerated } from './generated-masking.ts';
import { type Load, openLoad } from './load.ts';
import { askDialect, fitFamily } from './other-family.ts';
import { programsName, viewsName } from './part-name.ts';
import { restoreTables } from './restore-tables.ts';
import { type Accounts, giveRights, splitAccounts } from './object-rights.ts';
import { openSession, type Session } from './session.ts';
import { parseTableCopy } from './table-copy.ts';
import { askContents, type Contents, lossOf } from './target-facts.ts';

export interface MysqlTargetOptions extends DatabaseTargetOptions {
  readonly connection: MysqlConnection;
}

/**
 * Restores into an empty database, or one that is emptied or made first when that is asked for. Codes `exists` when it
 * is not empty, `not-found` when there is none, `failed` with the client's own words and what became of the database.
 */
export async function restoreMysql(given: StoredDatabase, options: MysqlTargetOptions): Promise<void> {
  const { connection, choices = {}, warn } = options;
  const name = connection.database;
  if (options.singleTransaction) {
    throw new HoldfastError('usage', 'MySQL and MariaDB cannot restore all of a database or nothing', {
      hint: 'each statement that makes a table is for good there; restore into a new database, which --create makes',
    });
  }
  const { format } = given.evidence;
  if (format && (choices.tables || choices.owner !== undefined)) {
    throw new HoldfastError('unsupported', 'the database is kept as one file, which is restored as it is', {
      hint: choices.tables
        ? 'restore it without --table into a new database, which --create makes, and copy the table from there'
        : 'go without --owner and --no-owner: views and programs run as whom the dump names',
    });
  }
  if (choices.tables && choices.create) {
    throw new HoldfastError('usage', '--create is for a whole database, not for tables of it', {
      hint: 'make the database first, or restore all of it with --create',
    });
  }
  await using session = await openSession(connection, options);
  const stored = await fitted(given, session, options);
  const load = await openLoad(session, warn);
  if (choices.tables) return await restoreTables(stored, session, load, options);
  const found = await askContents(session, name);
  if (!found && !choices.create) {
    throw new HoldfastError('not-found', `there is no database ${name}`, { hint: '--create makes it' });
  }
  const loss = found && lossOf(`the database ${name}`, found);
  if (loss && !choices.clean) {
    throw new HoldfastError('exists', `the database ${name} is not empty`, {
      hint: 'restore into a new one, which --create makes; or --clean removes first what is there',
    });
  }
  if (choices.withRoles && !stored.evidence.globals) {
    throw new HoldfastError('not-found', 'the snapshot does not have the users of its server');
  }
  const { tables } = stored.evidence;
  const plan: RestorePlan = {
    steps: [
      ...(choices.withRoles ? ['make the users and roles of the server that are missing'] : []),
      ...(found && isRemade(choices) ? [`drop the database ${name}`] : []),
      ...(found && !isRemade(choices) ? [] : [`make the database ${name}`]),
      ...(loss && !choices.create ? [`empty the database ${name}`] : []),
    ],
    loss,
    tables: tables.length,
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
  };
  if ((await options.proceed?.(plan)) === false) return;
  await perform(stored, session, load, options, found);
}

/** Emptying keeps the database's own settings and asks for fewer rights; making it anew gives it those of the dump. */
function isRemade({ create, clean }: RestoreChoices): boolean {
  return create === true && clean === true;
}

async function perform(
  stored: StoredDatabase,
  session: Session,
  load: Load,
  options: MysqlTargetOptions,
  found: Contents | undefined,
): Promise<void> {
  const { connection, choices = {}, warn } = options;
  const name = connection.database;
  let isOurs = false;
  let accounts: Accounts | undefined;
  let state = 'nothing was changed';
  try {
    if (choices.withRoles) {
      state = 'some users may have been made, and nothing else was changed';
      accounts = await splitAccounts(stored.read(stored.evidence.globals!.name));
      await load(once(accounts.general));
    }
    if (found && isRemade(choices)) {
      await session.query(`drop database ${quoteIdentifier(name)};`, '');
      state = `the database ${name} is dropped`;
    }
    if (!found || isRemade(choices)) {
      const [characterSet, collation] = stored.evidence.encoding.split(' ');
      // of a dump that somebody else made nothing is known
      const as = collation === undefined ? '' : ` character set ${characterSet} collate ${collation}`;
      await session.query(`create database ${quoteIdentifier(name)}${as};`, '');
      state = `the database ${name} is new and empty`;
      isOurs = !found;
    } else if (found.removal.length > 0) {
      state = `the database ${name} was emptied in part`;
      await session.query(`set foreign_key_checks = 0;\n${found.removal.join('')}`);
    }
    state = `the database ${name} is left with a part of the restore`;
    await load(edited(stored, choices.owner), name);
    if (accounts) {
      isOurs = false;
      state = `the database ${name} is whole, and rights on its tables are missing`;
      await giveRights(accounts.rights, session, load, warn);
    }
  } catch (cause) {
    if (isOurs && (await removed(options))) state = `the new database ${name} was removed again`;
    if (hasCode(cause, 'interrupted')) warn(state);
    if (!(cause instanceof HoldfastError) || cause.code === 'interrupted') throw cause;
    const again =
      cause.hint ?? (state.includes(' is left with ') ? '--clean empties it before another try' : undefined);
    const details = { retryable: cause.retryable, cause, ...(again === undefined ? {} : { hint: again }) };
    throw new HoldfastError(cause.code, `${cause.message}; ${state}`, details);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

/** Drops the database that was made, whatever ended the restore; false when that cannot be done either. */
async function removed(options: MysqlTargetOptions): Promise<boolean> {
  const { connection } = options;
  try {
    await using session = await openSession(connection, { ...options, signal: AbortSignal.timeout(30_000) });
    await session.query(`drop database ${quoteIdentifier(connection.database)};`, '');
    return true;
  } catch {
    return false;
  }
}

async function* edited(
  { evidence, read }: StoredDatabase,
  owner: string | false | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  for (const { name } of evidence.parts) {
    if (owner !== undefined && (name === programsName || name === viewsName)) {
      const text = Buffer.concat(await Array.fromAsync(read(name), (piece) => Buffer.from(piece)));
      yield editDefiners(text, owner);
    } else {
      yield* read(name);
    }
  }
}

/** The database as the server takes it, which may be of the other family. Code `unsupported` when it does not. */
async function fitted(
  stored: StoredDatabase,
  session: Session,
  { choices = {}, warn, signal }: MysqlTargetOptions,
): Promise<StoredDatabase> {
  const { kind, format } = stored.evidence;
  const { family } = session.server;
  if (kind === family) return stored;
  const names = { mysql: 'MySQL', mariadb: 'MariaDB', postgres: '', sqlite: '' };
  warn(`the dump is of ${names[kind]}, and the server is ${names[family]}: they differ in places`);
  if (choices.withRoles) {
    throw new HoldfastError('unsupported', `${names[family]} does not take the users of ${names[kind]}`, {
      hint: 'go without --with-roles',
    });
  }
  if (format) return stored;
  const tables = choices.tables?.map((table) => parseTableCopy(table).name);
  const fitting = await fitFamily(stored, await askDialect(session), tables, warn);
  return family === 'mysql' ? withoutGenerated(fitting, signal) : fitting;
}
