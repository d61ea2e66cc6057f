/** What is seen of a database when its dump passes: of the one in the snapshot, and of the one that was restored from it. */
import { HoldfastError } from '../../kernel/errors.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import { toHex } from '../../kernel/hex.ts';
import { decodeEvidence, type Evidence, evidenceName } from '../../sources/database/evidence.ts';
import type { StoredDatabase } from '../../sources/database/driver.ts';
import type { DrillDriver, SchemaGatherer } from '../../sources/database/throwaway-server.ts';
import type { RowTally } from '../../sources/entry.ts';
import type { Source } from '../../sources/source.ts';
import { createRecordChunker, type RecordChunker } from '../../vaults/repository/chunker/record-chunker.ts';

export interface Observation {
  readonly evidence: Evidence;
  /** SHA-256 of the schema; undefined when it cannot be told from the parts */
  readonly schema: string | undefined;
  /** SHA-256 of the definition of each object, by its name */
  readonly objects: ReadonlyMap<string, string>;
  /** the same of what a dump in one file makes, when all of it has passed */
  readonly gathered: ReadonlyMap<string, string>;
  /** of the parts that are neither rows of a table nor described object by object */
  readonly others: ReadonlyMap<string, RowTally>;
}

/** Reads all that a source yields. Code `failed` and the source's own. */
export async function observe(
  source: Source,
  driver: DrillDriver,
  signal: AbortSignal,
): Promise<Observation> {
  const sum = createSum();
  const objects = new Map<string, string>();
  const others = new Map<string, RowTally>();
  let evidence: Evidence | undefined;
  for await (const { path, content } of source.entries(signal)) {
    const name = baseName(Buffer.from(path).toString());
    if (content.kind === 'file') throw new HoldfastError('failed', `${source.name} yields files`);
    if (content.kind === 'stream') {
      if (name === evidenceName) evidence = decodeEvidence(await collected(content.bytes));
      else for await (const _ of content.bytes);
      continue;
    }
    const passing = sum.watch(content.bytes);
    if (driver.describesObjects(name)) await describe(passing, driver, objects);
    else for await (const _ of passing);
    const tally = sum.tally();
    content.done?.(tally);
    others.set(name, tally);
  }
  if (!evidence) throw new HoldfastError('failed', `${source.name} gives no evidence`);
  for (const { part } of evidence.tables) others.delete(part);
  for (const name of [...others.keys()]) {
    if (driver.describesObjects(name) || !driver.comparesLines(name)) others.delete(name);
  }
  return { evidence, schema: evidence.schema, objects, gathered: new Map(), others };
}

/** The same of a database in a snapshot: `others` fill as it is read through `stored`. */
export async function observeStored(
  stored: StoredDatabase,
  driver: DrillDriver,
): Promise<Observation & { readonly stored: StoredDatabase }> {
  const { evidence } = stored;
  const schema = driver.createSchemaHash();
  const objects = new Map<string, string>();
  const others = new Map<string, RowTally>();
  const tables = new Set(evidence.tables.map(({ part }) => part));
  for (const { name } of evidence.parts) {
    if (driver.describesObjects(name)) await describe(hashed(name), driver, objects);
  }
  async function* hashed(part: string): AsyncGenerator<Uint8Array, void, void> {
    for await (const piece of stored.read(part)) {
      schema.update(piece);
      yield piece;
    }
  }
  async function* tallied(part: string): AsyncGenerator<Uint8Array, void, void> {
    const sum = createSum();
    yield* sum.watch(stored.read(part));
    others.set(part, sum.tally());
  }
  const gathered = new Map<string, string>();
  async function* gathering(part: string, { update, text }: SchemaGatherer): AsyncGenerator<Uint8Array> {
    for await (const piece of stored.read(part)) {
      update(piece);
      yield piece;
    }
    await describe(once(text()), driver, gathered);
  }
  const isOther = (part: string): boolean =>
    evidence.parts.some(({ name }) => name === part) &&
    !tables.has(part) &&
    !driver.describesObjects(part) &&
    driver.comparesLines(part);
  const described = evidence.parts.some(({ name }) => driver.describesObjects(name));
  const read = (part: string): AsyncIterable<Uint8Array> => {
    if (evidence.format === 'sql' && driver.gatherSchema) return gathering(part, driver.gatherSchema());
    return isOther(part) ? tallied(part) : stored.read(part);
  };
  return {
    evidence,
    schema: described ? schema.digest() : undefined,
    objects,
    gathered,
    others,
    stored: { ...stored, read },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

async function describe(
  part: AsyncIterable<Uint8Array>,
  driver: DrillDriver,
  objects: Map<string, string>,
): Promise<void> {
  for await (const { name, definition } of driver.objects(part)) {
    objects.set(name, toHex(sha256(Buffer.from(definition))));
  }
}

/** Tallies one stream after the other, as a backup does. */
function createSum() {
  const chunker: RecordChunker = createRecordChunker(0n);
  return {
    async *watch(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
      chunker.start(64 * 1024);
      for await (const piece of bytes) {
        for (let at = 0; at < piece.length;) {
          const room = chunker.room();
          const count = Math.min(room.length, piece.length - at);
          room.set(piece.subarray(at, at + count));
          at += count;
          chunker.advance(count);
        }
        yield piece;
      }
      chunker.end();
    },
    tally: (): RowTally => chunker.tally(),
  };
}

async function collected(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
