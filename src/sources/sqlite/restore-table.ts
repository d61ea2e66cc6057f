/** Single tables of a stored SQLite database, into another one that may be in use: all of them, or nothing. */
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import type { DatabaseTargetOptions, StoredDatabase } from '../database/driver.ts';
import type { LostTable } from '../database/restore-plan.ts';
import { renamed } from './schema-sql.ts';
import { sqliteError } from './sqlite-error.ts';
import { writeStoredCopy } from './stored-copy.ts';
import { listTables, numberColumn, quoteName, quoteText } from './table-shape.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** Milliseconds to wait for a writer's lock. */
const patience = 60_000;

interface TableChoice {
  readonly from: string;
  readonly to: string;
}

/** Codes `not-found` for the database or a table, `exists`, `unsupported`, `corrupt`, `failed` when it stays locked. */
export async function restoreTables(
  stored: StoredDatabase,
  database: string,
  options: DatabaseTargetOptions,
): Promise<void> {
  const choices = (options.choices?.tables ?? []).map((text) => parseChoice(text, stored));
  const clean = options.choices?.clean ?? false;
  await stat(database).catch((error: unknown) => {
    throw fromNodeError('look at', Buffer.from(database), error);
  });
  await using folder = await makeTemporaryFolder(tmpdir(), Date.now);
  const copy = join(folder.path, 'copy.db');
  try {
    const target = new DatabaseSync(database, { timeout: patience });
    try {
      const loss = choices.flatMap(({ to }) => tableThere(target, to) ?? []);
      if (loss.length > 0 && !clean) {
        throw new HoldfastError('exists', `${database} has a table ${loss[0]!.name}`, {
          hint: `restore it under another name with --table ${choices[0]!.from}=OTHER, or replace it with --clean`,
        });
      }
      const what = choices.map(({ to }) => `the table ${to}`).join(', ');
      const plan = {
        steps: choices.map(({ from, to }) => `restore the table ${from} as ${to}`),
        loss: loss.length > 0 ? { what, tables: loss, others: 0 } : undefined,
        tables: choices.length,
        rows: choices.reduce((sum, { from }) => sum + (rowsOf(stored, from) ?? 0), 0),
      };
      if (options.proceed && !(await options.proceed(plan))) return;
      await writeStoredCopy(stored, copy);
      throwIfAborted(options.signal);
      renameInCopy(copy, choices);
      copyTables(target, copy, choices, stored, options);
    } finally {
      target.close();
    }
  } catch (error) {
    throw sqliteError(error, database);
  }
}

/** `TABLE` or `TABLE=OTHER`; odd names may stand in double quotes, and one that is there is taken as it is. */
function parseChoice(text: string, stored: StoredDatabase): TableChoice {
  const whole = rowsOf(stored, text) !== undefined;
  const name = '"(?:[^"]|"")+"';
  const [, left, right] = new RegExp(`^(${name}|.*?)(?:=(${name}|[^=]*))?$`, 's').exec(text)!;
  const from = whole ? text : unquoted(left!);
  const to = whole ? text : right === undefined ? from : unquoted(right);
  if (stored.evidence.sqlite?.virtualTables.includes(from)) {
    throw new HoldfastError('unsupported', `${from} is a virtual table, which is not restored by itself`, {
      hint: 'restore the whole database to a new file, and take it from there',
    });
  }
  if (rowsOf(stored, from) === undefined) {
    throw new HoldfastError('not-found', `the snapshot has no table ${from}`, {
      hint: '`holdfast show SNAPSHOT` names the tables',
    });
  }
  if (to === '' || /^sqlite_/i.test(to)) throw new HoldfastError('usage', `"${to}" cannot be a table's name`);
  return { from, to };
}

function unquoted(name: string): string {
  return /^".*"$/s.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name;
}

function rowsOf({ evidence }: StoredDatabase, table: string): number | undefined {
  return evidence.tables.find(({ name }) => name === table)?.rows;
}

/** What would be lost of a table or view of this name, whatever its case. */
function tableThere(database: DatabaseSync, name: string): LostTable | undefined {
  const query = `select name, type from main.sqlite_schema where name = ? collate nocase and type in ('table', 'view')`;
  const found = database.prepare(query).get(name) as { name: string; type: string } | undefined;
  if (!found) return undefined;
  if (found.type === 'view') {
    throw new HoldfastError('exists', `there is a view ${found.name}`, {
      hint: 'restore under another name',
    });
  }
  const { rows } = database.prepare(`select count(*) as rows from main.${quoteName(found.name)}`).get() as {
    rows: number;
  };
  const { bytes } = database
    .prepare(`select coalesce(sum(pgsize), 0) as bytes from dbstat where name = ? and aggregate = 1`)
    .get(found.name) as { bytes: number };
  return { name: found.name, rows, exact: true, bytes };
}

/** SQLite itself knows best where a table's name stands in its indexes and triggers. */
function renameInCopy(path: string, choices: readonly TableChoice[]): void {
  const changed = choices.filter(({ from, to }) => from !== to);
  if (changed.length === 0) return;
  const copy = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  try {
    copy.exec('pragma journal_mode = off; pragma synchronous = off');
    for (const { from, to } of changed) {
      for (const { name } of listTables(copy).filter(
        (shape) => shape.name.toLowerCase() === to.toLowerCase(),
      )) {
        copy.exec(`alter table ${quoteName(name)} rename to ${quoteName(`${name} of before`)}`);
      }
      copy.exec(`alter table ${quoteName(from)} rename to ${quoteName(to)}`);
    }
  } finally {
    copy.close();
  }
}

function copyTables(
  target: DatabaseSync,
  copy: string,
  choices: readonly TableChoice[],
  stored: StoredDatabase,
  { warn }: DatabaseTargetOptions,
): void {
  target.prepare('attach ? as stored').run(copy);
  target.exec('pragma foreign_keys = off; begin immediate');
  try {
    for (const choice of choices) {
      const { from, to } = choice;
      const there = tableThere(target, to);
      if (there) target.exec(`drop table main.${quoteName(there.name)}`);
      const rows = copyTable(target, to);
      if (rows !== rowsOf(stored, from)) {
        throw new HoldfastError('corrupt', `the table ${from} has other rows than when it was backed up`);
      }
      for (const sql of furtherSchema(target, choice)) target.exec(sql);
    }
    for (const { to } of choices) {
      const lost = target.prepare(`pragma main.foreign_key_check(${quoteText(to)})`).all().length;
      if (lost > 0) warn(`${lost} rows of the table ${to} refer to rows that are not there`);
    }
    target.exec('commit');
  } catch (error) {
    if (target.isTransaction) target.exec('rollback');
    throw error;
  }
}

/** Makes the table with its rows; answers how many there are. */
function copyTable(target: DatabaseSync, name: string): number {
  const shape = listTables(target, 'stored').find((one) => one.name === name)!;
  const { sql } = target
    .prepare(`select sql from stored.sqlite_schema where type = 'table' and name = ?`)
    .get(name) as { sql: string };
  target.exec(sql);
  // the rows' numbers are kept; where a column has them, it brings them along
  const hasColumn = numberColumn(target, 'stored', name) !== undefined;
  const numbers = shape.rowid === undefined || hasColumn ? [] : [shape.rowid];
  const columns = [...numbers, ...shape.columns.map(quoteName)].join(', ');
  const table = quoteName(name);
  const insert = target.prepare(
    `insert into main.${table} (${columns}) select ${columns} from stored.${table}`,
  );
  // the number of the last row may be greater than numbers of JavaScript are
  insert.setReadBigInts(true);
  const { changes } = insert.run();
  copyCounter(target, name);
  return Number(changes);
}

/** Of AUTOINCREMENT. */
function copyCounter(target: DatabaseSync, name: string): void {
  if (!target.prepare("select 1 from stored.sqlite_schema where name = 'sqlite_sequence'").get()) return;
  if (!target.prepare("select 1 from main.sqlite_schema where name = 'sqlite_sequence'").get()) return;
  target.prepare('delete from main.sqlite_sequence where name = ?').run(name);
  target
    .prepare('insert into main.sqlite_sequence select name, seq from stored.sqlite_sequence where name = ?')
    .run(name);
}

/** The statements that make its indexes and triggers, under other names where theirs are taken. */
function furtherSchema(target: DatabaseSync, { to }: TableChoice): string[] {
  const found = target
    .prepare(
      `select name, sql from stored.sqlite_schema
        where tbl_name = ? and sql is not null and type in ('index', 'trigger') order by type, rowid`,
    )
    .all(to) as { name: string; sql: string }[];
  const taken = target.prepare('select 1 from main.sqlite_schema where name = ? collate nocase');
  return found.map(({ name, sql }) => (taken.get(name) ? renamed(sql, `${name}_${to}`) : sql));
}
