/** A SQLite database file as a target: it appears whole and checked, or not at all. */
import { chmod, chown, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import type { DatabaseTargetOptions, StoredDatabase } from '../database/driver.ts';
import type { DatabaseLoss } from '../database/restore-plan.ts';
import { ensureRoom } from './consistent-copy.ts';
import { gatherEvidence } from './evidence.ts';
import { readHeader } from './file-header.ts';
import { holdDatabase } from './in-use.ts';
import { tableSizes } from './inspect-database.ts';
import { writeStoredCopy } from './stored-copy.ts';
import { listTables, quoteName } from './table-shape.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** What SQLite keeps beside a database: to another one it must not be applied. */
const companions = ['-wal', '-shm', '-journal'];

/**
 * Writes the database beside its place, checks it, and puts it there. Codes `exists`, `failed` when somebody uses what
 * is to be replaced or it is no database that can be read, `not-found` without its folder, `corrupt`, `disk-full`, `forbidden`, `interrupted`.
 */
export async function restoreSqlite(
  stored: StoredDatabase,
  named: string,
  options: DatabaseTargetOptions,
): Promise<void> {
  const { signal } = options;
  // a link stays, what it leads to is replaced
  const database = await realpath(named).catch(() => named);
  const clean = options.choices?.clean ?? false;
  const parent = dirname(database);
  await ensureRoom(parent, stored.evidence.parts[0]?.bytes ?? 0);
  const before = await look(database);
  if (before && !before.isFile()) throw new HoldfastError('failed', `${database} is not a file`);
  if (!clean) await refuseToReplace(database, before?.size);
  // long before the last moment, so that nobody waits in vain
  if (before) holdDatabase(database).release();
  const { tables } = stored.evidence;
  const plan = {
    steps: [`write ${database}`],
    loss: before?.size ? { what: `the database ${database}`, ...whatIsIn(database) } : undefined,
    tables: tables.length,
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
  };
  if (options.proceed && !(await options.proceed(plan))) return;

  await using folder = await makeTemporaryFolder(parent, Date.now);
  const path = join(folder.path, basename(database));
  await writeStoredCopy(stored, path);
  await check(path, database, options);
  const permissions = stored.evidence.sqlite?.permissions ?? 0o600;
  if (before) await chown(path, before.uid, before.gid).catch(() => {});
  await chmod(path, permissions);
  throwIfAborted(signal);

  if (!clean) await refuseToReplace(database, (await look(database))?.size);
  const held = before && holdDatabase(database);
  try {
    for (const suffix of companions) await rm(`${database}${suffix}`, { force: true });
    await rename(path, database);
  } catch (error) {
    throw fromNodeError('replace', Buffer.from(database), error);
  } finally {
    held?.release();
  }
  await flushFolder(parent);
}

/** What would be lost with a database. Code `failed` for a file that none can be read from: its loss cannot be told. */
function whatIsIn(path: string): Pick<DatabaseLoss, 'tables' | 'others'> {
  const isDatabase = readHeader(path) !== undefined;
  if (!isDatabase) throw notReplaced(path, 'is not a SQLite database, or an encrypted one');
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const sizes = tableSizes(database);
      const tables = listTables(database).filter(({ kind }) => kind === 'table');
      const { others } = database
        .prepare("select count(*) as others from sqlite_schema where type in ('view', 'trigger')")
        .get() as { others: number };
      const lost = tables.map(({ name }) => {
        const { rows } = database.prepare(`select count(*) as rows from ${quoteName(name)}`).get() as {
          rows: number;
        };
        return { name, rows, exact: true, bytes: sizes.get(name)?.bytes ?? 0 };
      });
      return { tables: lost, others };
    } finally {
      database.close();
    }
  } catch (error) {
    throw notReplaced(path, `cannot be read as a SQLite database: ${messageOf(error)}`, error);
  }
}

function notReplaced(path: string, why: string, cause?: unknown): HoldfastError {
  return new HoldfastError('failed', `${path} ${why}`, {
    hint: 'what would be lost with it cannot be told: move it away, or restore to another path',
    cause,
  });
}

async function look(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fromNodeError('look at', Buffer.from(path), error);
  }
}

/** An empty file is an empty database, and nothing is lost with it. */
async function refuseToReplace(database: string, size: number | undefined): Promise<void> {
  const hint = 'restore to another path, or replace it with --clean';
  if (size) throw new HoldfastError('exists', `${database} exists`, { hint });
  for (const suffix of companions) {
    const left = await look(`${database}${suffix}`);
    if (left) throw new HoldfastError('exists', `${database}${suffix} exists`, { hint });
  }
}

async function check(path: string, database: string, { signal, warn }: DatabaseTargetOptions): Promise<void> {
  await using gathering = gatherEvidence(path, signal, { rows: false });
  const { facts } = await gathering.findings.catch((error: unknown) => {
    if (!(error instanceof HoldfastError)) throw error;
    throw new HoldfastError(error.code, error.message.replaceAll(path, `what was stored of ${database}`), {
      cause: error,
    });
  });
  if (facts.check !== 'ok') warn(`the restored database could not be checked: ${facts.check}`);
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
