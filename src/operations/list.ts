/** The names of what a repository holds: files of a kind, blobs, or the packs that one snapshot needs. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { toHex } from '../kernel/hex.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { findSnapshot } from '../vaults/repository/snapshot-filter.ts';
import { rootOf } from '../vaults/repository/tree-path.ts';
import { findUsedBlobs } from './used-blobs.ts';

export const listKinds = ['blobs', 'packs', 'index', 'snapshots', 'keys', 'locks'] as const;
export type ListKind = (typeof listKinds)[number];

const fileKinds = {
  packs: 'pack',
  index: 'index',
  snapshots: 'snapshot',
  keys: 'key',
  locks: 'lock',
} as const;

export interface ListOptions {
  readonly kind: ListKind;
  /** with packs: those alone that this snapshot needs */
  readonly snapshot?: string | undefined;
  onItem(item: ListedItem): void;
}

export interface ListedItem {
  /** 64 hex digits */
  readonly id: string;
  /** of a blob */
  readonly type?: 'data' | 'tree';
}

/** In no order. Codes `usage`, `not-found`. */
export async function list(repository: Repository, options: ListOptions, context: Context): Promise<void> {
  const { kind, snapshot, onItem } = options;
  if (snapshot !== undefined) {
    if (kind !== 'packs') throw new HoldfastError('usage', `${kind} are not listed by snapshot`);
    return listPacksOf(repository, snapshot, options, context);
  }
  if (kind !== 'blobs') {
    for await (const { id } of repository.list(fileKinds[kind])) onItem({ id });
    return;
  }
  const index = await repository.loadIndex();
  index.forEachEntry((entry) => onItem({ type: index.typeOf(entry), id: toHex(index.idOf(entry)) }));
}

async function listPacksOf(
  repository: Repository,
  name: string,
  { onItem }: ListOptions,
  context: Context,
): Promise<void> {
  const { snapshot } = await findSnapshot(repository, name);
  const index = await repository.loadIndex();
  const used = await findUsedBlobs(repository, [rootOf(snapshot)], context);
  const packs = new Set<number>();
  index.forEachEntry((entry) => {
    if (used.has(index.typeOf(entry), index.idOf(entry))) packs.add(index.packOf(entry));
  });
  for (const pack of packs) onItem({ id: toHex(index.packId(pack)) });
}
