/**
 * Several pg_dump at once on one exported snapshot: one writes the dump without the rows of some large tables, the
 * others write these. The parts are those of one stream.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '../../kernel/errors.ts';
import { runProcess, type ProcessOptions } from '../../kernel/process.ts';
import { type DumpPart, splitDump } from './dump-parts.ts';
import { exactPattern } from './name-pattern.ts';
import type { ServerFacts } from './server-facts.ts';

/** A pg_dump of its own costs about half a second, which a smaller table is not worth, bytes. */
const worthAnother = 16 * 1024 * 1024;

type Table = ServerFacts['tables'][number];
type RunPgDump = (...args: readonly string[]) => AsyncGenerator<Uint8Array, void, void>;

/** The large tables that get a pg_dump of their own, largest first; the very largest stays with the rest of the dump. */
function tablesApart({ tables }: ServerFacts): readonly Table[] {
  return tables
    .filter(([, , bytes]) => bytes >= worthAnother)
    .sort((a, b) => b[2] - a[2])
    .slice(1);
}

/** The parts in no certain order; up to `jobs` of them may be read at once. */
export async function* parallelDump(
  run: RunPgDump,
  facts: ServerFacts,
  snapshot: string,
  jobs: number,
): AsyncGenerator<DumpPart, void, void> {
  const queue = [...tablesApart(facts)];
  const without = queue.map(([schema, table]) => `--exclude-table-data=${exactPattern(schema, table)}`);
  const rest = splitDump(run('--format=plain', `--snapshot=${snapshot}`, ...without));
  const reading = new Set<Promise<void>>();
  let restRead: Promise<void> | undefined;
  let over = false;
  for (;;) {
    if (!over && !restRead) {
      const next = await rest.next();
      over = next.done === true;
      if (next.done) continue;
      const { part, read } = tracked(next.value, reading);
      restRead = read.then(() => (restRead = undefined));
      yield part;
    } else if (queue.length > 0 && reading.size < jobs) {
      const [schema, table] = queue.shift()!;
      const one = ['--section=data', '--strict-names', `--table=${exactPattern(schema, table)}`];
      const part = await tablePart(run('--format=plain', `--snapshot=${snapshot}`, ...one), schema, table);
      yield tracked(part, reading).part;
    } else if (reading.size > 0) {
      await Promise.race(reading);
    } else {
      return;
    }
  }
}

/** The part, and when all of it was read, or nobody wants the rest. */
function tracked(part: DumpPart, reading: Set<Promise<void>>): { part: DumpPart; read: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  reading.add(promise);
  async function* bytes(): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* part.bytes;
    } finally {
      reading.delete(promise);
      resolve();
    }
  }
  return { part: { ...part, bytes: bytes() }, read: promise };
}

/** The rows of one table out of a dump of its own. */
async function tablePart(
  dump: AsyncGenerator<Uint8Array, void, void>,
  schema: string,
  table: string,
): Promise<DumpPart> {
  const parts = splitDump(dump);
  for (;;) {
    const next = await parts.next();
    if (next.done) throw new HoldfastError('failed', `pg_dump gave no rows of ${schema}.${table}`);
    const part = next.value;
    if (part.kind === 'table') return { ...part, bytes: toTheEnd(part.bytes, parts) };
    for await (const piece of part.bytes) void piece;
  }
}

/** The end of the dump, and of its program, is looked at as well. */
async function* toTheEnd(
  bytes: AsyncIterable<Uint8Array>,
  parts: AsyncGenerator<DumpPart, void, void>,
): AsyncGenerator<Uint8Array, void, void> {
  yield* bytes;
  for await (const part of parts) for await (const piece of part.bytes) void piece;
}

export interface HeldSnapshot extends AsyncDisposable {
  readonly id: string;
}

const pulseMs = 1000;

/** Keeps a snapshot of the database open until it is disposed of. Code `failed` with psql's own words. */
export async function holdSnapshot(psql: string, child: ProcessOptions): Promise<HeldSnapshot> {
  const exported = Promise.withResolvers<string>();
  const over = Promise.withResolvers<void>();
  let released = false;
  async function* script(): AsyncGenerator<Uint8Array, void, void> {
    yield Buffer.from(
      'set idle_in_transaction_session_timeout = 0; begin isolation level repeatable read read only;\n' +
        'select pg_catalog.pg_export_snapshot();\n',
    );
    // an empty line now and then, by which the end of the program is noticed
    while (!released) {
      await Promise.race([over.promise, delay(pulseMs)]);
      yield Buffer.from('\n');
    }
  }
  const args = ['-X', '-q', '-A', '-t', '-w', '-v', 'ON_ERROR_STOP=1', '-f', '-'];
  const onOutput = (text: string): void => exported.resolve(text.trim());
  const holding = runProcess(psql, args, script(), { ...child, stallTimeout: undefined, onOutput });
  holding.catch(exported.reject);
  return {
    id: await exported.promise,
    async [Symbol.asyncDispose]() {
      released = true;
      over.resolve();
      await holding.catch(() => {});
    },
  };
}
