/** Makes a snapshot of all directories that no snapshot and no other directory leads to: what forget took by mistake. */
import { hostname } from 'node:os';
import type { Context } from '../kernel/context.ts';
import { hasCode, messageOf, throwIfAborted } from '../kernel/errors.ts';
import { toHex } from '../kernel/hex.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import { goMode } from '../vaults/repository/format/go-mode.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import { plainNode } from '../vaults/repository/format/plain-node.ts';
import { encodeSnapshot } from '../vaults/repository/format/snapshot.ts';
import { formatTime, timeFromMs } from '../vaults/repository/format/time.ts';
import { TreeEncoder } from '../vaults/repository/format/tree.ts';
import { currentUser } from '../vaults/repository/key-search.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { rootOf } from '../vaults/repository/tree-path.ts';
import { type BlobWriterOptions, createBlobWriter } from '../vaults/repository/writer.ts';
import { EntrySet } from './blob-set.ts';
import { repairIndex, type RepairIndexOptions } from './repair-index.ts';
import { treeBatches } from './tree-walk.ts';

export interface RecoverOptions extends BlobWriterOptions {
  readonly onFinding?: RepairIndexOptions['onFinding'];
  onProgress?(treesRead: number, total: number): void;
}

export interface RecoverResult {
  /** hex ids of the trees that were found */
  readonly roots: readonly string[];
  /** undefined when there was nothing to recover */
  readonly snapshot: string | undefined;
}

/** Needs an exclusive lock, because it repairs the index first. */
export async function recover(
  repository: Repository,
  options: RecoverOptions,
  context: Context,
): Promise<RecoverResult> {
  await repairIndex(repository, options.onFinding ? { onFinding: options.onFinding } : {}, context);
  const index = await repository.loadIndex();
  const { trees, referenced } = await findReferences(repository, index, options, context);
  for await (const { snapshot } of repository.snapshots((_id, error) => context.warn(messageOf(error)))) {
    const entry = index.find('tree', rootOf(snapshot));
    if (entry >= 0) referenced.add(entry);
  }
  const roots = [...trees]
    .filter((entry) => !referenced.has(entry))
    .map((entry) => toHex(index.idOf(entry)))
    .sort();
  if (roots.length === 0) return { roots, snapshot: undefined };

  const now = timeFromMs(context.clock.now());
  const encoder = new TreeEncoder();
  for (const [at, root] of roots.entries()) encoder.add(rootNode(nameFor(roots, at), root, now));
  const writer = await createBlobWriter(repository, options, context);
  const { id } = await writer.put('tree', encoder.finish());
  await writer.finish();
  const json = encodeSnapshot({
    time: formatTime(now),
    parent: undefined,
    tree: toHex(id),
    paths: ['/recover'],
    hostname: hostname(),
    username: currentUser(),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    excludes: [],
    tags: ['recovered'],
    original: undefined,
    programVersion: '',
    summary: undefined,
  });
  return { roots, snapshot: await repository.writeFile('snapshot', json) };
}

/** All trees of the index, and those that are in another one. A tree that cannot be read is told as a warning. */
async function findReferences(
  repository: Repository,
  index: BlobIndex,
  options: RecoverOptions,
  context: Context,
): Promise<{ trees: EntrySet; referenced: EntrySet }> {
  const trees = new EntrySet(index.count);
  const referenced = new EntrySet(index.count);
  index.forEachEntry((entry) => {
    if (index.typeOf(entry) === 'tree') trees.add(index.find('tree', index.idOf(entry)));
  });
  let done = 0;
  for (const entry of trees) {
    throwIfAborted(context.signal);
    const tree = index.idOf(entry);
    try {
      for await (const batch of treeBatches(repository, tree)) {
        for (const { type, subtree } of batch) {
          const below = type === 'dir' && subtree ? index.find('tree', subtree) : -1;
          if (below >= 0) referenced.add(below);
        }
      }
    } catch (error) {
      if (!hasCode(error, 'corrupt', 'not-found', 'truncated')) throw error;
      context.warn(`unable to load tree ${toHex(tree)}: ${messageOf(error)}`);
    }
    options.onProgress?.(++done, trees.size);
  }
  return { trees, referenced };
}

/** The first 8 digits of the id, more where another id begins with the same. */
function nameFor(sorted: readonly string[], at: number): string {
  const id = sorted[at]!;
  const taken = (length: number): boolean =>
    [sorted[at - 1], sorted[at + 1]].some((other) => other?.startsWith(id.slice(0, length)));
  let length = 8;
  while (taken(length)) length++;
  return id.slice(0, length);
}

function rootNode(name: string, root: string, now: Node['mtime']): Node {
  const nobody = { uid: 0, gid: 0, user: '', group: '' };
  const mode = (goMode.dir | 0o755) >>> 0;
  return { ...plainNode(Buffer.from(name), 'dir', mode, now, nobody), subtree: Buffer.from(root, 'hex') };
}
