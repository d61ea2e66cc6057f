/** diff of two snapshots of a database: which tables came, went and changed, and in how many rows. */
import type { Context } from '../../kernel/context.ts';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import type { StoredDatabase } from '../../sources/database/driver.ts';
import type { Evidence, TableEvidence } from '../../sources/database/evidence.ts';
import { type PartBlock, rowsAmongOf } from '../../sources/database/part-rows.ts';
import { shortId } from '../../vaults/repository/files.ts';
import type { Repository, SnapshotEntry } from '../../vaults/repository/repository.ts';
import { type FoundDatabase, findDatabase } from './database-dump.ts';
import { compareRows, type RowDifference } from './row-difference.ts';

export interface TableChange extends RowDifference {
  readonly schema: string;
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** of the second snapshot, or of the first for a table that is gone */
  readonly rows: number;
}

export interface DatabaseDiff {
  readonly tablesAdded: number;
  readonly tablesRemoved: number;
  readonly tablesChanged: number;
  /** undefined where they cannot be counted: both snapshots hold the same dump in the custom format */
  readonly tablesUnchanged: number | undefined;
  readonly rowsAdded: number;
  readonly rowsRemoved: number;
  readonly schemaChanged: boolean;
  readonly sequencesChanged: boolean;
}

const blobsAtOnce = 4;

const nothingChanged: DatabaseDiff = {
  ...{ tablesAdded: 0, tablesRemoved: 0, tablesChanged: 0, tablesUnchanged: undefined },
  ...{ rowsAdded: 0, rowsRemoved: 0, schemaChanged: false, sequencesChanged: false },
};

/**
 * Compares the databases of two snapshots; tables are told in the order of their names. Undefined when one of them holds
 * none, or they are of different kinds. Code `unsupported` when a dump in the custom format differs: it is not looked into.
 */
export async function diffDatabases(
  repository: Repository,
  from: SnapshotEntry,
  to: SnapshotEntry,
  onTable: (change: TableChange) => void | Promise<void>,
  context: Context,
): Promise<DatabaseDiff | undefined> {
  const before = await findDatabase(repository, from.snapshot, context);
  const after = before && (await findDatabase(repository, to.snapshot, context));
  if (!before || !after || !comparable(before.evidence, after.evidence)) return undefined;
  if (isOpaque(before) || isOpaque(after)) {
    if (sameFile(before, after)) return nothingChanged;
    throw notLookedInto(before, from, to);
  }
  await using comparison = await compareTables(repository, before, after, context);
  let [rowsAdded, rowsRemoved] = [0, 0];
  const count = { added: 0, removed: 0, changed: 0 };
  const pairs = pairTables(before.evidence, after.evidence);
  for (const [old, now] of pairs) {
    throwIfAborted(context.signal);
    if (old && now && old.rows === now.rows && old.checksum === now.checksum) continue;
    const difference =
      old && now ? await comparison.rows(old, now) : { added: now?.rows ?? 0, removed: old?.rows ?? 0 };
    const { schema, name, rows } = (now ?? old)!;
    const change = old && now ? 'changed' : now ? 'added' : 'removed';
    count[change]++;
    rowsAdded += difference.added;
    rowsRemoved += difference.removed;
    await onTable({ schema, name, change, rows, ...difference });
  }
  return {
    tablesAdded: count.added,
    tablesRemoved: count.removed,
    tablesChanged: count.changed,
    tablesUnchanged: pairs.length - count.added - count.removed - count.changed,
    rowsAdded,
    rowsRemoved,
    schemaChanged: before.evidence.schema !== after.evidence.schema,
    sequencesChanged: JSON.stringify(before.evidence.sequences) !== JSON.stringify(after.evidence.sequences),
  };
}

function comparable(a: Evidence, b: Evidence): boolean {
  return a.kind === b.kind;
}

/** Of a dump in the custom format no table is known, which is not the same as that there are none. */
function isOpaque({ evidence }: FoundDatabase): boolean {
  return evidence.format === 'custom';
}

function sameFile(before: FoundDatabase, after: FoundDatabase): boolean {
  const [old, now] = [before, after].map((one) =>
    isOpaque(one) ? one.contentOf(one.evidence.parts[0]!.name) : undefined,
  );
  return old !== undefined && now !== undefined && Buffer.compare(old, now) === 0;
}

function notLookedInto(before: FoundDatabase, from: SnapshotEntry, to: SnapshotEntry): HoldfastError {
  const id = shortId((isOpaque(before) ? from : to).id);
  return new HoldfastError(
    'unsupported',
    `snapshot ${id} holds a dump in the custom format: its tables were not looked at, and are not compared`,
    {
      hint: '`holdfast drill` reads the tables of such a dump; backups without --format custom can be compared',
    },
  );
}

type Pair = readonly [old: TableEvidence | undefined, now: TableEvidence | undefined];

function pairTables(before: Evidence, after: Evidence): Pair[] {
  const key = ({ schema, name }: TableEvidence): string => `${schema}\0${name}`;
  const [old, now] = [before, after].map(({ tables }) => new Map(tables.map((table) => [key(table), table])));
  const keys = [...new Set([...old!.keys(), ...now!.keys()])].sort();
  return keys.map((one) => [old!.get(one), now!.get(one)] as const);
}

interface Comparison extends AsyncDisposable {
  rows(old: TableEvidence, now: TableEvidence): Promise<RowDifference>;
}

async function compareTables(
  repository: Repository,
  before: FoundDatabase,
  after: FoundDatabase,
  context: Context,
): Promise<Comparison> {
  const rowsAmong = await rowsAmongOf(before.evidence.kind);
  if (!rowsAmong) return compareFiles(before, after, context);
  return {
    async rows(old, now) {
      const [left, right] = [before.contentOf(old.part), after.contentOf(now.part)];
      const rows = (own: Uint8Array, other: Uint8Array) => () =>
        rowsAmong(readBlocks(repository, own, onlyIn(own, other), context));
      return compareRows(rows(left, right), rows(right, left));
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** The places of blocks that one content has more often than the other. */
function onlyIn(own: Uint8Array, other: Uint8Array): number[] {
  const left = new Map<string, number>();
  for (let at = 0; at < other.length; at += 32) {
    const id = toHex(other.subarray(at, at + 32));
    left.set(id, (left.get(id) ?? 0) + 1);
  }
  const places: number[] = [];
  for (let at = 0; at < own.length; at += 32) {
    const id = toHex(own.subarray(at, at + 32));
    const count = left.get(id) ?? 0;
    if (count === 0) places.push(at / 32);
    else left.set(id, count - 1);
  }
  return places;
}

async function* readBlocks(
  repository: Repository,
  content: Uint8Array,
  places: readonly number[],
  context: Context,
): AsyncGenerator<PartBlock, void, void> {
  const read = async (place: number) => {
    throwIfAborted(context.signal);
    const bytes = await repository.readBlob('data', content.slice(place * 32, place * 32 + 32));
    return { bytes, place };
  };
  let last = -2;
  for await (const { bytes, place } of mapParallel(places, blobsAtOnce, read)) {
    yield { bytes, place: place === 0 ? 'start' : place === last + 1 ? 'next' : 'elsewhere' };
    last = place;
  }
}

/** SQLite's parts are no lines: both databases are opened, when any table needs it. */
function compareFiles(before: StoredDatabase, after: StoredDatabase, context: Context): Comparison {
  const stack = new AsyncDisposableStack();
  const open = async () => {
    const { openStoredRows } = await import('../../sources/sqlite/stored-rows.ts');
    return [
      stack.use(await openStoredRows(before, context.signal)),
      stack.use(await openStoredRows(after, context.signal)),
    ] as const;
  };
  let opened: ReturnType<typeof open> | undefined;
  return {
    async rows({ name }) {
      const [left, right] = await (opened ??= open());
      return compareRows(
        () => left.rowsOf(name),
        () => right.rowsOf(name),
      );
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
