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
  /** single tables are wanted, which may be whole where the database is not */
  readonly isPart?: boolean | undefined;
  /** parts that are cut short are taken as they are: what is missing in them is found out otherwise */
  readonly asItIs?: boolean | undefined;
  /** makes another of it before anything else reads it */
  readonly masked?: ((stored: StoredDatabase) => Promise<StoredDatabase>) | undefined;
}

/** Of those that are lost so many are named. */
const namedParts = 5;

/**
 * Codes `not-found` when the snapshot holds no database, `corrupt` when parts of it are missing; where single tables are
 * wanted that is warned of.
 */
export async function openStoredDatabase(
  repository: Repository,
  options: StoredDatabaseChoice,
  context: Context,
): Promise<StoredDatabase> {
  const { snapshot } = await findSnapshot(repository, options.snapshot, options.filter);
  const found = await findDatabase(repository, snapshot, context, options.asItIs);
  if (!found) {
    throw new HoldfastError('not-found', 'no path is given, and the snapshot holds no database', {
      hint: '`holdfast ls` shows what it holds; `holdfast dump SNAPSHOT PATH` writes a file of it',
    });
  }
  if (found.lost.size > 0) {
    if (!options.isPart) found.requireWhole();
    const names = [...found.lost].slice(0, namedParts).join(', ');
    const more = found.lost.size > namedParts ? `, and ${found.lost.size - namedParts} more` : '';
    context.warn(`the snapshot is incomplete, it lacks or has cut short: ${names}${more}`);
  }
  return options.masked ? options.masked(found) : found;
}

export interface FoundDatabase extends StoredDatabase {
  /** the ids of a part's blobs, 32 bytes each */
  contentOf(part: string): Uint8Array;
  readonly lost: ReadonlySet<string>;
  /** Code `corrupt` when parts of it are lost. */
  requireWhole(): void;
}

function lostPart(path: string): HoldfastError {
  return new HoldfastError('corrupt', `${path} is missing or cut short in the snapshot`, {
    hint: 'tables that are whole can be taken by themselves: --table of `holdfast restore` and `holdfast dump`',
  });
}

/** Undefined when the snapshot holds none. */
export async function findDatabase(
  repository: Repository,
  snapshot: Snapshot,
  context: Context,
  asItIs = false,
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
  const lost = new Set<string>();
  const nodeOf = (name: string): Node => {
    const node = nodes.get(name);
    if (!node || lost.has(name)) throw lostPart(`${folder}/${name}`);
    return node;
  };
  const read = (name: string): AsyncGenerator<Uint8Array> => content.read(nodeOf(name), `${folder}/${name}`);
  const evidence = decodeEvidence(Buffer.concat(await Array.fromAsync(read(evidenceName))));
  const inPieces = nodes.get(piecesFolder);
  const pieces = inPieces ? await repository.readTree(subtreeOf(inPieces, `${folder}/${piecesFolder}`)) : [];
  const join = (name: string): Promise<Node | undefined> =>
    joinPieces(repository, pieces, name, context).catch((error: unknown) => {
      if (hasCode(error, 'corrupt')) return undefined;
      throw error;
    });
  for (const { name, bytes } of evidence.parts) {
    const joined = nodes.has(name) ? undefined : await join(name);
    if (joined) nodes.set(name, joined);
    const node = nodes.get(name);
    // what repairs a snapshot cuts damaged blocks out of a file
    if (!node || (node.size !== bytes && !asItIs)) lost.add(name);
  }
  return {
    ...{ evidence, read, lost },
    contentOf: (name) => nodeOf(name).content ?? new Uint8Array(0),
    requireWhole() {
      for (const name of lost) nodeOf(name);
    },
  };
}
