/** A database of a snapshot as one stream that its own client takes: the parts, put together in the order of the dump. */
import type { Context } from '../../kernel/context.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../../sources/database/driver.ts';
import { driverOfKind, isDatabaseFolder } from '../../sources/database/drivers.ts';
import { decodeEvidence, evidenceName } from '../../sources/database/evidence.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { findSnapshot, type SnapshotFilter } from '../../vaults/repository/snapshot-filter.ts';
import { findSubtree, rootOf } from '../../vaults/repository/tree-path.ts';
import { createContentReader } from '../file-content.ts';
import { treeBatches } from '../tree-walk.ts';

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
  const folder = snapshot.paths.find(isDatabaseFolder);
  if (folder === undefined) {
    throw new HoldfastError('not-found', 'the snapshot holds no database', {
      hint: '`holdfast ls` shows what it holds; `holdfast dump SNAPSHOT PATH` writes a file of it',
    });
  }
  await repository.loadIndex();
  const tree = await findSubtree(repository, rootOf(snapshot), folder);
  const nodes = new Map<string, Node>();
  for await (const batch of treeBatches(repository, tree)) {
    for (const node of batch) nodes.set(Buffer.from(node.name).toString(), node);
  }
  const content = createContentReader(repository, context);
  const read = (name: string): AsyncGenerator<Uint8Array> => {
    const node = nodes.get(name);
    if (!node) throw new HoldfastError('corrupt', `${folder}/${name} is missing in the snapshot`);
    return content.read(node, `${folder}/${name}`);
  };
  const evidence = decodeEvidence(Buffer.concat(await Array.fromAsync(read(evidenceName))));
  for (const { name } of evidence.parts) {
    if (!nodes.has(name)) throw new HoldfastError('corrupt', `${folder}/${name} is missing in the snapshot`);
  }
  return options.masked ? options.masked({ evidence, read }) : { evidence, read };
}

/** All of it as one stream that the database's own client takes. */
export async function dumpDatabase(
  repository: Repository,
  options: StoredDatabaseChoice,
  context: Context,
): Promise<AsyncIterable<Uint8Array>> {
  const stored = await openStoredDatabase(repository, options, context);
  const driver = await driverOfKind(stored.evidence.kind);
  return driver.assemble(stored);
}
