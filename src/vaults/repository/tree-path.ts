/** From a path inside a snapshot to what stands there, reading only the directories on the way. */
import { HoldfastError } from '../../kernel/errors.ts';
import { fromHex } from '../../kernel/hex.ts';
import { textToPath } from '../../kernel/path-text.ts';
import type { Node } from './format/node.ts';
import type { Snapshot } from './format/snapshot.ts';
import type { Repository } from './repository.ts';

/** A snapshot's root tree, 32 bytes. Code `corrupt` when it names none. */
export function rootOf(snapshot: Snapshot): Uint8Array {
  const id = fromHex(snapshot.tree);
  if (id?.length !== 32) throw new HoldfastError('corrupt', 'the snapshot names no tree');
  return id;
}

/** The names between slashes; '.' and empty ones are left out, '..' goes up and never above the root. */
export function splitPath(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

/** The node at `path` below a tree; undefined for the tree itself. Code `not-found`. */
export async function findNode(
  repository: Repository,
  tree: Uint8Array,
  path: string,
): Promise<Node | undefined> {
  const parts = splitPath(path);
  let node: Node | undefined;
  for (const [depth, part] of parts.entries()) {
    const shown = parts.slice(0, depth + 1).join('/');
    const folder: Uint8Array = node ? subtreeOf(node, parts.slice(0, depth).join('/')) : tree;
    const name = textToPath(part);
    node = (await repository.readTree(folder)).find(
      (candidate) => Buffer.compare(candidate.name, name) === 0,
    );
    if (!node) throw new HoldfastError('not-found', `path ${shown}: not found`, { hint: listHint });
  }
  return node;
}

/** The tree of the directory at `path`. Code `not-found`, also for what is no directory. */
export async function findSubtree(
  repository: Repository,
  tree: Uint8Array,
  path: string,
): Promise<Uint8Array> {
  const node = await findNode(repository, tree, path);
  return node ? subtreeOf(node, splitPath(path).join('/')) : tree;
}

const listHint = '`holdfast ls SNAPSHOT` lists what it holds';

function subtreeOf(node: Node, path: string): Uint8Array {
  if (node.type !== 'dir') {
    const hint = 'name the directory that it is in; `holdfast dump` gives a single file';
    throw new HoldfastError('not-found', `path ${path}: not a directory`, { hint });
  }
  if (!node.subtree) throw new HoldfastError('corrupt', `path ${path}: the directory has no tree`);
  return node.subtree;
}
