/** A live PostgreSQL database as a source: the stock pg_dump, its one plain stream split into parts as it passes. */
import { beginNow } from '../../kernel/begin-now.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { createSha256 } from '../../kernel/native/crypto.ts';
import { readProcess } from '../../kernel/process.ts';
import { withoutRows } from '../../kernel/row-hash.ts';
import type { Entry, RowTally } from '../entry.ts';
import { collectText } from '../masking/schema-text.ts';
import type { PreviousFile, Source } from '../source.ts';
import type { DatabaseSourceOptions } from '../database/driver.ts';
import { type BlockChoice, chooseBlockSize } from '../database/block-size.ts';
import { blocksBefore, tableKey } from '../database/blocks-before.ts';
import {
  encodeEvidence,
  type Evidence,
  evidenceName,
  type EvidencePart,
  globalsName,
  type LeftOutFacet,
  type TableEvidence,
} from '../database/evidence.ts';
import { connectionEnvironment, type PostgresConnection } from './connection.ts';
import { byDumpOrder, bySchemaAndName } from './dump-order.ts';
import { type DumpPart, splitDump } from './dump-parts.ts';
import { dumpGlobals } from './globals.ts';
import { joinedParts, oneFileName } from './one-file.ts';
import { createPostgresMasker } from './part-masker.ts';
import { holdSnapshot, parallelDump } from './parallel-dump.ts';
import { askAhead, findProgram } from './programs.ts';
import { askServer } from './server-facts.ts';
import { refuseIdleChoices, tableArguments, tableChoices } from './table-choice.ts';

export interface PostgresSourceOptions extends DatabaseSourceOptions {
  readonly connection: PostgresConnection;
  /** where the database stands in the snapshot, absolute */
  readonly folder: string;
  /** how pg_dump is to be run, when not as ever */
  readonly dump?: DumpSettings;
}

interface DumpSettings {
  /** an exported snapshot of the database, which the dump is of */
  readonly snapshot: string;
  /** of the custom format: compressed by pg_dump itself */
  readonly compressed: boolean;
  /** more of its flags */
  readonly flags: readonly string[];
}

/** Only whoever may read the database may read its rows in a restored folder. */
const permissions = 0o600;
const plain = ['--format=plain'];
const withoutFlags: Readonly<Record<LeftOutFacet, string>> = { owner: '--no-owner', privileges: '--no-acl' };

export function postgresSource(options: PostgresSourceOptions): Source {
  return {
    name: 'pg_dump',
    concurrency: options.jobs ?? 1,
    startsEarly: true,
    entries: (signal, previous) => entries(options, signal, previous),
  };
}

async function* entries(
  options: PostgresSourceOptions,
  signal: AbortSignal,
  previous: PreviousFile | undefined,
): AsyncGenerator<Entry, void, void> {
  const { connection, environment, folder, modified } = options;
  refuseContradictions(options);
  const search = { environment, signal, folder: options.programs };
  const env = connectionEnvironment(connection, environment, options.password);
  const child = { env, signal, stallTimeout: options.stallTimeout };
  const wantsGlobals = options.globals !== false && !options.masking;
  const finding = findProgram('psql', search);
  askAhead(wantsGlobals ? ['pg_dump', 'pg_dumpall'] : ['pg_dump'], search);
  const psql = await finding;
  const facts = await askServer(psql.path, child);
  const dumper = await findProgram('pg_dump', search, facts.major);
  const sizes = new Map(facts.tables.map(([schema, table, bytes]) => [tableKey(schema, table), bytes]));
  const schema = createSha256();
  const sequences: string[] = [];
  const parts: EvidencePart[] = [];
  const tables: TableEvidence[] = [];
  /** until what passed of each part is known */
  const pending: Promise<void>[] = [];
  let failure: { readonly error: unknown } | undefined;

  const choices = tableChoices(options);
  if (choices) await refuseIdleChoices(psql.path, choices, child);
  const args = ['--no-password', ...(choices ? tableArguments(choices) : [])];
  const { format } = options;
  const { snapshot, compressed, flags } = options.dump ?? { compressed: false, flags: [] };
  const { without = [] } = options;
  const own = [
    ...flags,
    ...without.map((facet) => withoutFlags[facet]),
    ...(snapshot === undefined ? [] : [`--snapshot=${snapshot}`]),
  ];
  const run = (shape: readonly string[], until = signal): AsyncGenerator<Uint8Array, void, void> => {
    const watched = { ...child, signal: until, onWarning: options.warn };
    return readProcess(dumper.path, [...args, ...own, ...shape], watched);
  };
  // it goes on while other things are asked for
  await using begun =
    options.masking || format === 'custom' || options.jobs !== undefined
      ? undefined
      : beginNow((until) => run(plain, until), signal);
  const globals = wantsGlobals
    ? await dumpGlobals(connection.database, facts, search, { ...child, onWarning: options.warn })
    : undefined;
  if (globals) {
    if (!globals.passwords)
      options.warn('roles are backed up without passwords, which this user may not read');
    yield entry(globalsName, { kind: 'stream', bytes: once(globals.sql) });
  }
  const before = await blocksBefore(folder, previous, options.warn);
  const masker =
    options.masking &&
    createPostgresMasker(
      options.masking,
      await collectText([readProcess(dumper.path, [...args, '--schema-only'], child)]),
    );
  if (format === 'custom') {
    const name = oneFileName(connection.database, format);
    let bytes = 0;
    // for a repository uncompressed, which compresses what is new alone
    const shape = ['--format=custom', ...(compressed ? [] : ['--compress=0'])];
    yield entry(name, {
      kind: 'stream',
      bytes: counted(run(shape), (n) => (bytes += n)),
    });
    parts.push({ name, bytes });
  } else if (format === 'sql') {
    const name = oneFileName(connection.database, format);
    const choice = chooseBlockSize(sum(sizes.values()), before.values().next().value);
    const told = (part: DumpPart, tally: RowTally): void =>
      void tables.push(...seen({ ...part, name }, tally, choice));
    yield entry(name, {
      kind: 'rows',
      bytes: joinedParts(dumped(), told),
      blockSize: choice.blockSize,
      done: (tally) => void parts.push({ name, bytes: tally.bytes }),
    });
  } else {
    for await (const part of options.jobs === undefined ? dumped() : parallel(options.jobs)) {
      const table = part.table && tableKey(part.table.schema, part.table.table);
      const choice = chooseBlockSize(sizes.get(table ?? '') ?? 0, before.get(table ?? ''));
      if (failure) throw failure.error;
      const read = Promise.withResolvers<void>();
      read.promise.catch((error: unknown) => (failure ??= { error }));
      pending.push(read.promise);
      yield entry(part.name, {
        kind: 'rows',
        bytes: orElse(part.bytes, read.reject),
        blockSize: choice.blockSize,
        inPieces: true,
        done: (tally) => {
          parts.push({ name: part.name, bytes: tally.bytes });
          tables.push(...seen(part, tally, choice));
          read.resolve();
        },
      });
    }
  }
  await Promise.all(pending);
  if (options.jobs !== undefined) {
    parts.sort(byDumpOrder(tables));
    tables.sort(bySchemaAndName);
  }
  const evidence: Evidence = {
    version: 1,
    kind: 'postgres',
    database: connection.database,
    server: facts.version,
    dumpedBy: dumper.version,
    encoding: facts.encoding,
    locale: facts.locale,
    extensions: facts.extensions,
    schema: Buffer.from(schema.digest()).toString('hex'),
    sequences,
    parts,
    ...(format && { format }),
    ...(choices && { choices }),
    ...(globals && {
      globals: { name: globalsName, bytes: globals.sql.length, passwords: globals.passwords },
    }),
    tables,
    ...(without.length > 0 && { without }),
    ...(options.masking && { masked: { rules: options.masking.rules.digest } }),
  };
  yield entry(evidenceName, { kind: 'stream', bytes: once(encodeEvidence(evidence)) });

  function entry(name: string, content: Entry['content']): Entry {
    return { path: Buffer.from(`${folder}/${name}`), permissions, modified, content };
  }

  /** The parts as they are to be kept. */
  async function* dumped(): AsyncGenerator<DumpPart, void, void> {
    for await (const part of splitDump(begun ?? run(plain))) {
      const masked = masker ? { ...part, bytes: masker.mask(part.name, part.bytes) } : part;
      yield { ...masked, bytes: watched(masked) };
    }
  }

  /** The same by several pg_dump, all of which end when one fails, or when nobody wants the rest. */
  async function* parallel(jobs: number): AsyncGenerator<DumpPart, void, void> {
    const ended = new AbortController();
    const own = { ...child, signal: AbortSignal.any([signal, ended.signal]), onWarning: options.warn };
    await using held = await holdSnapshot(psql.path, child);
    const runOne = (...more: readonly string[]): AsyncGenerator<Uint8Array, void, void> =>
      readProcess(dumper.path, [...args, ...more], own);
    try {
      for await (const part of parallelDump(runOne, facts, held.id, jobs)) {
        yield { ...part, bytes: watched(part) };
      }
    } finally {
      ended.abort();
    }
  }

  /** Looks at what is not rows while it passes. */
  async function* watched(part: DumpPart): AsyncGenerator<Uint8Array, void, void> {
    const text: Uint8Array[] = [];
    for await (const piece of part.bytes) {
      if (part.kind === 'before' || part.kind === 'after') schema.update(piece);
      if (part.kind === 'sequences') text.push(piece);
      yield piece;
    }
    for (const line of Buffer.concat(text).toString().split('\n')) {
      if (line.startsWith('SELECT pg_catalog.setval(')) sequences.push(line);
    }
  }
}

function seen({ name, table, framing }: DumpPart, tally: RowTally, choice: BlockChoice): TableEvidence[] {
  if (!table) return [];
  const checksum = withoutRows(tally.checksum, framing).toString(16).padStart(16, '0');
  const rows = tally.rows - framing.length;
  return [{ schema: table.schema, name: table.table, part: name, rows, checksum, ...choice }];
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, one) => total + one, 0);
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  passed: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of bytes) {
    passed(piece.length);
    yield piece;
  }
}

/** Tells why not all of the bytes were taken. */
async function* orElse(
  bytes: AsyncIterable<Uint8Array>,
  lost: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void, void> {
  let error: unknown = new HoldfastError('failed', 'not all of the dump was taken');
  let whole = false;
  try {
    yield* bytes;
    whole = true;
  } catch (cause) {
    error = cause;
    throw cause;
  } finally {
    if (!whole) lost(error);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

/** Code `usage`. */
function refuseContradictions({ masking, format, jobs, ...options }: PostgresSourceOptions): void {
  if (masking && format === 'custom') {
    throw new HoldfastError('usage', 'a dump in the custom format cannot be masked', {
      hint: '--format sql can, and so can parts',
    });
  }
  if (jobs !== undefined && (masking || format || tableChoices(options))) {
    throw new HoldfastError('usage', '--jobs reads all of a database, as it is and in parts', {
      hint: 'go without --jobs, or without --mask, --format and the choice of tables',
    });
  }
}
