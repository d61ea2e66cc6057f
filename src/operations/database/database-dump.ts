/** A database of a snapshot as one stream that its own client takes: the parts, put together in the order of the dump. */
import type { Context } from '../../kernel/context.ts';
import { hasCode, HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../../sources/database/driver.ts';
import { isDatabaseFolder } from '../../sources/database/drivers.ts';
import { decodeEvidence, evidenceName } from '../../sources/database/evidence.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import type { Snapshot } from '../../vaults/repository/format/snapshot.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { findSnapshot, type SnapshotFilter } from '../../vaults/repository/snapshot-filter.ts';
import { findSubtree, rootOf } from '../../vaults/repository/tree-path.ts';
import { createContentReader } from '../file-content.ts';
import { joinPieces, piecesFolder } from '../table-pieces.ts';
import { subtreeOf, treeBatches } from '../tree-walk.ts';

export interface StoredDatabaseChoice {
  readonly snapshot: string;
  readonly filter?: Omit<SnapshotFilter, 'ids'>;
  /** makes another of it before anything else reads it */
  readonly masked?: ((stored: StoredDatabase) => Promise<StoredDatabase>) | undefined;
}

/** Codes `not-found` when the snapshot holds no database, `corrupt` when parts of it are missing. */
export async function openStoredDatabase(
  repository: Repository,
  options: StoredDatabaseChoice,
  context: Context,
): Promise<StoredDatabase> {
  const { snapshot } = await findSnapshot(repository, options.snapshot, options.filter);
  const found = await findDatabase(repository, snapshot, context);
  if (!found) {
    throw new HoldfastError('not-found', 'no path is given, and the snapshot holds no database', {
      hint: '`holdfast ls` shows what it holds; `holdfast dump SNAPSHOT PATH` writes a file of it',
    });
  }
  return options.masked ? options.masked(found) : found;
}

export interface FoundDatabase extends StoredDatabase {
  /** the ids of a part's blobs, 32 bytes each */
  contentOf(part: string): Uint8Array;
}

/** Undefined when the snapshot holds none. Code `corrupt` when parts of it are missing. */
export async function findDatabase(
  repository: Repository,
  snapshot: Snapshot,
  context: Context,
): Promise<FoundDatabase | undefined> {
  const folder = snapshot.paths.find(isDatabaseFolder);
  if (folder === undefined) return undefined;
  await repository.loadIndex();
  const tree = await findSubtree(repository, rootOf(snapshot), folder).catch((error: unknown) => {
    if (hasCode(error, 'not-found')) return undefined;
    throw error;
  });
  if (!tree) return undefined;
  const nodes = new Map<string, Node>();
  for await (const batch of treeBatches(repository, tree)) {
    for (const node of batch) nodes.set(Buffer.from(node.name).toString(), node);
  }
  // files of a folder that is called like ours
  if (!nodes.has(evidenceName)) return undefined;
  const content = createContentReader(repository, context);
  const nodeOf = (name: string): Node => {
    const node = nodes.get(name);
    if (!node) throw new HoldfastError('corrupt', `${folder}/${name} is missing in the snapshot`);
    return node;
  };
  const read = (name: string): AsyncGenerator<Uint8Array> => content.read(nodeOf(name), `${folder}/${name}`);
  const evidence = decodeEvidence(Buffer.concat(await Array.fromAsync(read(evidenceName))));
  const inPieces = nodes.get(piecesFolder);
  const pieces = inPieces ? await repository.readTree(subtreeOf(inPieces, `${folder}/${piecesFolder}`)) : [];
  for (const { name } of evidence.parts) {
    const joined = nodes.has(name) ? undefined : await joinPieces(repository, pieces, name, context);
    if (joined) nodes.set(name, joined);
  }
  for (const { name } of evidence.parts) nodeOf(name);
  return { evidence, read, contentOf: (name) => nodeOf(name).content ?? new Uint8Array(0) };
}
