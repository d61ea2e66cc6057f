/** Ids and beginnings of ids to look out for, and which of them were met. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { toHex } from '../kernel/hex.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import type { BlobType } from '../vaults/repository/format/pack.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { readPackHeader } from './pack-header.ts';

export interface IdSearch {
  wants(type: BlobType): boolean;
  /** the id in hex when it is searched for */
  match(type: BlobType, ids: Uint8Array, at: number): string | undefined;
  /** every id that was searched for in full or was met */
  found(): { type: BlobType; id: string }[];
}

/** Each pattern is 1 to 64 hex digits. */
export function createIdSearch(patterns: Readonly<Record<BlobType, Iterable<string>>>): IdSearch {
  const prefixes = { data: byLength(patterns.data), tree: byLength(patterns.tree) };
  const met = { data: new Set(prefixes.data.get(64)), tree: new Set(prefixes.tree.get(64)) };
  return {
    wants: (type) => prefixes[type].size > 0,
    match(type, ids, at) {
      if (prefixes[type].size === 0) return undefined;
      const id = toHex(ids, at, at + 32);
      for (const [length, texts] of prefixes[type]) {
        if (!texts.has(id.slice(0, length))) continue;
        met[type].add(id);
        return id;
      }
      return undefined;
    },
    found: () => (['data', 'tree'] as const).flatMap((type) => [...met[type]].map((id) => ({ type, id }))),
  };
}

/** A search for everything in the packs whose names begin with the patterns. Code `not-found` for a pack that nobody knows. */
export async function searchPacks(
  repository: Repository,
  index: BlobIndex,
  patterns: readonly string[],
  context: Context,
): Promise<IdSearch> {
  const ids = { data: new Set<string>(), tree: new Set<string>() };
  const lost = new Set(patterns.map((pattern) => pattern.toLowerCase()));
  const wanted = new Set<number>();
  for (let pack = 0; pack < index.packCount; pack++) {
    const name = toHex(index.packId(pack));
    const pattern = patterns.find((text) => name.startsWith(text.toLowerCase()));
    if (pattern === undefined) continue;
    wanted.add(pack);
    lost.delete(pattern.toLowerCase());
  }
  index.forEachEntry((entry) => {
    if (wanted.has(index.packOf(entry))) ids[index.typeOf(entry)].add(toHex(index.idOf(entry)));
  });
  if (lost.size > 0) {
    for await (const { id, size } of repository.list('pack')) {
      const pattern = [...lost].find((text) => id.startsWith(text));
      if (pattern === undefined) continue;
      for (const blob of await readPackHeader(repository, id, size, context))
        ids[blob.type].add(toHex(blob.id));
      lost.delete(pattern);
    }
  }
  if (lost.size > 0)
    throw new HoldfastError('not-found', `unable to find pack(s): ${[...lost].sort().join(', ')}`);
  return createIdSearch(ids);
}

function byLength(patterns: Iterable<string>): Map<number, Set<string>> {
  const groups = new Map<number, Set<string>>();
  for (const pattern of patterns) {
    if (!/^[0-9a-fA-F]{1,64}$/.test(pattern))
      throw new HoldfastError('usage', `"${pattern}" is no beginning of an id`);
    const text = pattern.toLowerCase();
    groups.set(text.length, (groups.get(text.length) ?? new Set()).add(text));
  }
  return groups;
}
