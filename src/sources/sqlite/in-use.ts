/** Whether anybody works with a SQLite database: its locks say so while somebody reads or writes, open files always. */
import { readdirSync, readFileSync, statSync, type Stats } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '../../kernel/errors.ts';
import { readHeader } from './file-header.ts';
import { resultOf, results } from './sqlite-error.ts';

export interface Held {
  /** Gives the database back. */
  release(): void;
}

/**
 * Takes a database, if the file is one, from everybody else, with its log folded into it: the files beside it have
 * nothing to say any more. Code `failed` when somebody uses it.
 */
export function holdDatabase(path: string): Held {
  const user = processWith(path);
  if (user !== undefined) throw inUse(path, user);
  // an empty file would become a database
  if (!readHeader(path)) return { release: () => {} };
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('pragma locking_mode = exclusive; begin exclusive; commit');
    // the second one lets go of the file of the first
    database.exec('pragma journal_mode = delete; pragma journal_mode = memory');
  } catch (error) {
    const result = resultOf(error);
    if (result === results.busy || result === results.locked) {
      database.close();
      throw inUse(path, undefined, error);
    }
    // a damaged one: nobody can work with it
  }
  return { release: () => database.close() };
}

function inUse(path: string, user: string | undefined, cause?: unknown): HoldfastError {
  const by = user === undefined ? 'another program' : `the process ${user}`;
  return new HoldfastError('failed', `${path} is in use by ${by}`, {
    hint: 'stop it first; a database must not be replaced under a program that has it open',
    cause,
  });
}

/** A process that has the file open, as far as this user may see it: `4711 (app)`. */
function processWith(path: string): string | undefined {
  const wanted = statSync(path);
  for (const pid of namesIn('/proc').filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    for (const descriptor of namesIn(`/proc/${pid}/fd`)) {
      const found = stateOf(`/proc/${pid}/fd/${descriptor}`);
      if (found?.ino === wanted.ino && found.dev === wanted.dev) return `${pid} (${commandOf(pid)})`;
    }
  }
  return undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function stateOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'gone';
  }
}
