/** Loads the parts of a dump through psql: one after the other, or the rows of several tables at once. */
import { randomBytes } from 'node:crypto';
import { devNull } from 'node:os';
import { runProcess, type ProcessOptions } from '../../kernel/process.ts';
import type { StoredDatabase } from '../database/driver.ts';
import type { EvidencePart } from '../database/evidence.ts';
import { editDump, type EditStatement, readPreamble } from './edit-dump.ts';

export interface LoadOptions {
  readonly psql: string;
  /** the version that psql tells of itself */
  readonly version: string;
  readonly child: ProcessOptions;
  readonly edit: EditStatement;
  readonly singleTransaction: boolean;
  readonly jobs: number;
  /** SQL to begin with */
  readonly first?: string;
}

/** Arguments that make psql stop at the first error, and say nothing but that. */
export const strictPsql: readonly string[] = ['-X', '-q', '-w', '-v', 'ON_ERROR_STOP=1', '-f', '-'];

const isTable = ({ name }: EvidencePart): boolean => name.startsWith('2-data.');

/** Code `failed` with psql's own words. */
export async function loadDump(stored: StoredDatabase, options: LoadOptions): Promise<void> {
  const { parts } = stored.evidence;
  const tables = parts.filter(isTable);
  const jobs = Math.min(options.jobs, tables.length);
  if (jobs <= 1 || options.singleTransaction) {
    await runPsql(concatenate(options.first ?? '', loaded(stored, parts, options)), options);
    return;
  }
  const firstTable = parts.findIndex(isTable);
  const lastTable = parts.findLastIndex(isTable);
  const between = parts.slice(firstTable, lastTable).filter((part) => !isTable(part));
  const preamble = await readPreamble(stored.read(parts[0]!.name), options.edit);
  const { edit, defaults } = remembered(options.edit);
  const before = loaded(stored, parts.slice(0, firstTable), { ...options, edit });
  await runPsql(concatenate(options.first ?? '', before), options);
  await loadTables(stored, tables, { ...options, jobs }, preamble);
  const after = loaded(stored, [...between, ...parts.slice(lastTable + 1)], options);
  await runPsql(concatenate(`${preamble}${defaults()}\n`, after), options);
}

/** pg_dump sets where new objects go only when it changes: another connection must be told how it stood last. */
function remembered(edit: EditStatement): { edit: EditStatement; defaults: () => string } {
  const last = new Map<string, string>();
  return {
    edit(statement) {
      const text = edit(statement);
      const [setting, name] = /SET (default_\w+) = [^;]*;$/.exec(text) ?? [];
      if (name !== undefined) last.set(name, setting!);
      return text;
    },
    defaults: () => [...last.values()].join('\n'),
  };
}

/** Each connection takes the largest table that is left; the first that fails ends the others. */
async function loadTables(
  stored: StoredDatabase,
  tables: readonly EvidencePart[],
  options: LoadOptions,
  preamble: string,
): Promise<void> {
  const queue = tables.toSorted((a, b) => b.bytes - a.bytes);
  const others = new AbortController();
  let failure: { error: unknown } | undefined;
  const signal = AbortSignal.any([options.child.signal, others.signal]);
  const work = async (): Promise<void> => {
    async function* rows(): AsyncGenerator<Uint8Array, void, void> {
      for (let part = queue.shift(); part; part = queue.shift()) yield* stored.read(part.name);
    }
    try {
      await runPsql(concatenate(preamble, rows()), { ...options, child: { ...options.child, signal } });
    } catch (error) {
      failure ??= { error };
      others.abort();
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  if (failure) throw failure.error;
}

async function* loaded(
  stored: StoredDatabase,
  parts: readonly EvidencePart[],
  { edit }: LoadOptions,
): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < parts.length;) {
    if (isTable(parts[at]!)) {
      yield* stored.read(parts[at++]!.name);
      continue;
    }
    const table = parts.findIndex((part, i) => i > at && isTable(part));
    const end = table < 0 ? parts.length : table;
    yield* editDump(joinedParts(stored, parts.slice(at, end)), edit);
    at = end;
  }
}

/** Text that looks like the head of an object may have cut a statement in two: what is next to each other is one. */
export async function* joinedParts(
  stored: StoredDatabase,
  parts: readonly EvidencePart[],
): AsyncGenerator<Uint8Array, void, void> {
  for (const { name } of parts) yield* stored.read(name);
}

/** Settings of roles and databases that would make something else of values, and that dumps say nothing of. */
const settings = 'SET array_nulls = on;\nSET transform_null_equals = off;\n';

/** Feeds psql; what it answers goes nowhere. */
export async function runPsql(
  sql: AsyncIterable<Uint8Array>,
  { psql, version, child, singleTransaction }: Omit<LoadOptions, 'edit' | 'jobs'>,
): Promise<void> {
  const whole = singleTransaction ? ['--single-transaction'] : [];
  const settled = concatenate(settings, sql);
  const input = knowsRestrict(version) ? restricted(settled) : settled;
  await runProcess(psql, [...strictPsql, ...whole, '-o', devNull], input, child);
}

/**
 * Between these two lines psql takes no commands of its own from the data, whoever wrote to the database. Nobody can
 * know the word before.
 */
export async function* restricted(sql: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const word = randomBytes(32).toString('hex');
  yield Buffer.from(`\\restrict ${word}\n`);
  yield* sql;
  yield Buffer.from(`\n\\unrestrict ${word}\n`);
}

export async function* concatenate(
  first: string,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  if (first !== '') yield Buffer.from(first, 'latin1');
  yield* rest;
}

/** The first release of each major version whose psql has these two commands. */
const firstRestrict: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

function knowsRestrict(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major >= 18 || minor >= (firstRestrict[major] ?? Number.POSITIVE_INFINITY);
}
