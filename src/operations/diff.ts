/** What changed between two trees: a merge of both in name order, and the blobs that only one of them needs. */
import type { Context } from '../kernel/context.ts';
import { messageOf, hasCode, throwIfAborted } from '../kernel/errors.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { BlobSet, plainLength } from './blob-set.ts';
import { sameContent, sameNode } from './node-equality.ts';
import { pathBelow, subtreeOf, treeBatches } from './tree-walk.ts';

export interface DiffOptions {
  /** 32-byte ids of the two trees */
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  /** also report entries of which only the metadata changed */
  readonly metadata?: boolean;
  onChange(change: DiffChange): void | Promise<void>;
}

export interface DiffChange {
  /** ends with `/` for a directory */
  readonly path: string;
  /** + added, - removed, T type changed, M content changed, ? content changed with the same metadata, U metadata changed */
  readonly modifier: string;
}

export interface DiffSide {
  files: number;
  dirs: number;
  others: number;
  dataBlobs: number;
  treeBlobs: number;
  /** plaintext bytes of the blobs that only this side needs */
  bytes: number;
}

export interface DiffResult {
  readonly changedFiles: number;
  readonly added: DiffSide;
  readonly removed: DiffSide;
}

/** Compares two trees. What cannot be read below them is told as a warning and left out. */
export async function diff(
  repository: Repository,
  options: DiffOptions,
  context: Context,
): Promise<DiffResult> {
  const index = await repository.loadIndex();
  const before = new BlobSet(index);
  const after = new BlobSet(index);
  const common = new BlobSet(index);
  const added = emptySide();
  const removed = emptySide();
  let changedFiles = 0;

  const tolerate = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (hasCode(error, 'interrupted')) throw error;
      context.warn(messageOf(error));
    }
  };

  const report = async (tree: Uint8Array, prefix: string, modifier: '+' | '-'): Promise<void> => {
    const [side, blobs] = modifier === '+' ? [added, after] : [removed, before];
    for await (const batch of treeBatches(repository, tree)) {
      throwIfAborted(context.signal);
      for (const node of batch) {
        const path = pathOf(prefix, node);
        await options.onChange({ path, modifier });
        count(side, node);
        addBlobs(blobs, node);
        if (node.type === 'dir') await tolerate(report(subtreeOf(node, path), path, modifier));
      }
    }
  };

  const visitedCommon = new BlobSet(index);
  const collect = async (tree: Uint8Array, prefix: string): Promise<void> => {
    if (!visitedCommon.add('tree', tree)) return;
    for await (const batch of treeBatches(repository, tree)) {
      throwIfAborted(context.signal);
      for (const node of batch) {
        addBlobs(common, node);
        const path = pathOf(prefix, node);
        if (node.type === 'dir') await tolerate(collect(subtreeOf(node, path), path));
      }
    }
  };

  const compareNodes = async (left: Node, right: Node, prefix: string): Promise<void> => {
    const path = pathOf(prefix, right);
    let modifier = left.type === right.type ? '' : 'T';
    if (left.type === 'file' && right.type === 'file' && !sameContent(left, right)) {
      changedFiles++;
      modifier += sameNode({ ...left, content: undefined }, { ...right, content: undefined }) ? 'M?' : 'M';
    } else if (options.metadata && !sameNode(left, right)) {
      modifier += 'U';
    }
    if (modifier !== '') await options.onChange({ path, modifier });
    if (left.type !== 'dir' || right.type !== 'dir') return;
    const [from, to] = [subtreeOf(left, path), subtreeOf(right, path)];
    await tolerate(Buffer.compare(from, to) === 0 ? collect(from, path) : compareTrees(from, to, path));
  };

  const compareTrees = async (from: Uint8Array, to: Uint8Array, prefix: string): Promise<void> => {
    for await (const [left, right] of mergeTrees(repository, from, to)) {
      throwIfAborted(context.signal);
      addBlobs(before, left);
      addBlobs(after, right);
      if (left && right) {
        await compareNodes(left, right, prefix);
        continue;
      }
      const node = (left ?? right)!;
      const modifier = left ? '-' : '+';
      const path = pathOf(prefix, node);
      await options.onChange({ path, modifier });
      count(left ? removed : added, node);
      if (node.type === 'dir') await tolerate(report(subtreeOf(node, path), path, modifier));
    }
  };

  before.add('tree', options.from);
  after.add('tree', options.to);
  await compareTrees(options.from, options.to, '/');

  sumBlobs(index, before, [after, common], removed, context);
  sumBlobs(index, after, [before, common], added, context);
  return { changedFiles, added, removed };
}

/** Pairs of nodes with the same name, ascending; one side is undefined where the name is in one tree alone. */
async function* mergeTrees(
  repository: Repository,
  from: Uint8Array,
  to: Uint8Array,
): AsyncGenerator<readonly [Node | undefined, Node | undefined]> {
  const left = nodeCursor(repository, from);
  const right = nodeCursor(repository, to);
  await left.advance();
  await right.advance();
  while (left.node || right.node) {
    const order =
      left.node && right.node ? Buffer.compare(left.node.name, right.node.name) : left.node ? -1 : 1;
    yield [order <= 0 ? left.node : undefined, order >= 0 ? right.node : undefined];
    if (order <= 0) await left.advance();
    if (order >= 0) await right.advance();
  }
}

interface NodeCursor {
  node: Node | undefined;
  advance(): Promise<void>;
}

function nodeCursor(repository: Repository, tree: Uint8Array): NodeCursor {
  const batches = treeBatches(repository, tree);
  let batch: readonly Node[] = [];
  let at = 0;
  return {
    node: undefined,
    async advance() {
      while (at === batch.length) {
        const step = await batches.next();
        if (step.done) {
          this.node = undefined;
          return;
        }
        [batch, at] = [step.value, 0];
      }
      this.node = batch[at++];
    },
  };
}

function pathOf(prefix: string, node: Node): string {
  const path = pathBelow(prefix, node);
  return node.type === 'dir' ? `${path}/` : path;
}

function emptySide(): DiffSide {
  return { files: 0, dirs: 0, others: 0, dataBlobs: 0, treeBlobs: 0, bytes: 0 };
}

function count(side: DiffSide, node: Node): void {
  if (node.type === 'file') side.files++;
  else if (node.type === 'dir') side.dirs++;
  else side.others++;
}

function addBlobs(blobs: BlobSet, node: Node | undefined): void {
  if (node?.type === 'file' && node.content) {
    for (let at = 0; at < node.content.length; at += 32) blobs.add('data', node.content, at);
  } else if (node?.type === 'dir' && node.subtree) {
    blobs.add('tree', node.subtree);
  }
}

function sumBlobs(
  index: BlobIndex,
  blobs: BlobSet,
  others: readonly BlobSet[],
  side: DiffSide,
  context: Context,
): void {
  for (const entry of blobs.entries) {
    if (others.some((other) => other.entries.has(entry))) continue;
    if (index.typeOf(entry) === 'tree') side.treeBlobs++;
    else side.dataBlobs++;
    side.bytes += plainLength(index, entry);
  }
  for (const { type, id } of blobs.missing) {
    const bytes = Buffer.from(id, 'hex');
    if (others.some((other) => other.has(type, bytes))) continue;
    if (type === 'tree') side.treeBlobs++;
    else side.dataBlobs++;
    context.warn(`the ${type} blob ${id} is not in the index`);
  }
}
