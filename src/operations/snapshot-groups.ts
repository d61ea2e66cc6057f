/** Snapshots grouped by host, paths and tags, for forget and snapshots. */
import { HoldfastError } from '../kernel/errors.ts';
import type { SnapshotEntry } from '../vaults/repository/repository.ts';

export interface GroupBy {
  readonly host?: boolean;
  readonly paths?: boolean;
  readonly tags?: boolean;
}

export interface GroupKey {
  /** '' when hosts do not separate groups */
  readonly hostname: string;
  /** sorted; undefined when they do not separate groups, or there are none */
  readonly paths: readonly string[] | undefined;
  readonly tags: readonly string[] | undefined;
}

export interface SnapshotGroup {
  readonly key: GroupKey;
  /** their paths (and tags, where these separate groups) are sorted, as restic shows them */
  readonly snapshots: readonly SnapshotEntry[];
}

const names: Readonly<Record<string, keyof GroupBy>> = {
  host: 'host',
  hosts: 'host',
  path: 'paths',
  paths: 'paths',
  tag: 'tags',
  tags: 'tags',
};

/** Parses `host,paths,tags`; '' is no grouping. Code `usage`. */
export function parseGroupBy(text: string): GroupBy {
  const groupBy: { -readonly [key in keyof GroupBy]: GroupBy[key] } = {};
  for (const part of text.split(',')) {
    if (part === '') continue;
    const name = names[part];
    if (!name) {
      throw new HoldfastError('usage', `unknown grouping option: "${part}"`, {
        hint: 'groups are made by host, paths and tags, separated by commas',
      });
    }
    groupBy[name] = true;
  }
  return groupBy;
}

/** True when there is more than the one group of everything. */
export function isGrouping(groupBy: GroupBy): boolean {
  return groupBy.host === true || groupBy.paths === true || groupBy.tags === true;
}

/** The groups in the order of their first snapshots; the snapshots of each in the order given. */
export function groupSnapshots(entries: readonly SnapshotEntry[], groupBy: GroupBy): SnapshotGroup[] {
  const groups = new Map<string, { key: GroupKey; snapshots: SnapshotEntry[] }>();
  for (const { id, snapshot } of entries) {
    const paths = sorted(snapshot.paths);
    const tags = groupBy.tags ? sorted(snapshot.tags) : snapshot.tags;
    const key: GroupKey = {
      hostname: groupBy.host ? snapshot.hostname : '',
      paths: groupBy.paths && paths.length > 0 ? paths : undefined,
      tags: groupBy.tags && tags.length > 0 ? tags : undefined,
    };
    const name = JSON.stringify([key.hostname, key.paths, key.tags]);
    const group = groups.get(name) ?? { key, snapshots: [] };
    group.snapshots.push({ id, snapshot: { ...snapshot, paths, tags } });
    groups.set(name, group);
  }
  return [...groups.values()];
}

/** By the bytes of UTF-8, as Go sorts. */
function sorted(texts: readonly string[]): readonly string[] {
  return texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
