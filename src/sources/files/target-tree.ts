/**
 * How the paths of a command line become the layout of a snapshot: absolute paths keep every directory above them,
 * relative ones begin where they say, `.` and `..` at their front stand for what is inside.
 */
import { readdirSync } from 'node:fs';
import { HoldfastError } from '../../kernel/errors.ts';
import { asBuffer } from '../../kernel/native/c-string.ts';
import { calling, showPath } from '../../kernel/native/system-error.ts';
import { cleanPath, equalBytes, isAbsolute, isDotDot, joinPath, pathComponents, rawPath } from './path.ts';

/** A directory that the snapshot makes up, or a place where something of this machine goes. */
export interface TargetNode {
  /** raw name in the snapshot; empty for the root */
  readonly name: Uint8Array;
  /** what is backed up here; undefined for a directory that is only on the way */
  readonly path: Uint8Array | undefined;
  /** where a directory on the way takes its metadata from, symlinks followed; undefined for the root */
  readonly metadataPath: Uint8Array | undefined;
  /** the user named this very path: no exclude rule applies to it */
  readonly explicit: boolean;
  /** ascending by raw name; empty where `path` is set */
  readonly children: readonly TargetNode[];
}

interface Draft {
  nodes: Map<string, Draft>;
  path: Uint8Array | undefined;
  metadataPath: Uint8Array | undefined;
  /** the directory from which the first component is looked up; tells `../a` from `a` */
  root: Uint8Array | undefined;
  explicit: boolean;
}

/**
 * The tree for these paths, which must exist.
 * @param targets raw paths as given, absolute or relative to the working directory
 * @throws HoldfastError `usage` when two paths claim one place; `not-found` and `forbidden` from reading `.` and the like
 */
export function buildTargetTree(targets: readonly Uint8Array[]): TargetNode {
  const root = draft();
  const seen = new Set<string>();
  for (const { path, explicit } of expandDirectoriesOnly(targets)) {
    if (seen.has(key(path))) continue;
    seen.add(key(path));
    addTarget(root, path, explicit);
  }
  spreadTargets(root);
  return finished(root, new Uint8Array(0));
}

function draft(): Draft {
  return { nodes: new Map(), path: undefined, metadataPath: undefined, root: undefined, explicit: false };
}

/** Bytes as text of the same order, one character a byte. */
function key(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1');
}

/** The components in the snapshot: `..` at the front leads nowhere there. */
function snapshotComponents(path: Uint8Array): Uint8Array[] {
  return pathComponents(cleanPath(isAbsolute(path) ? path : joinPath(rawPath('/'), path)));
}

/** `.`, `..` and `/` name nothing in the snapshot: what they hold stands in their place. */
function expandDirectoriesOnly(targets: readonly Uint8Array[]): { path: Uint8Array; explicit: boolean }[] {
  return targets.flatMap((target): { path: Uint8Array; explicit: boolean }[] => {
    const path = cleanPath(target);
    if (snapshotComponents(path).length > 0) return [{ path, explicit: true }];
    return readNames(path).map((name) => ({ path: cleanPath(joinPath(path, name)), explicit: false }));
  });
}

function readNames(path: Uint8Array): Buffer[] {
  const names = calling('open', path, () => readdirSync(asBuffer(path), { encoding: 'buffer' }));
  return names.sort(Buffer.compare);
}

function rootDirectory(path: Uint8Array): Uint8Array {
  if (isAbsolute(path)) return rawPath('/');
  let root: Uint8Array = rawPath('.');
  for (const part of pathComponents(path)) if (isDotDot(part)) root = cleanPath(joinPath(root, part));
  return root;
}

function addTarget(tree: Draft, path: Uint8Array, explicit: boolean): void {
  const components = snapshotComponents(path);
  const first = components[0]!;
  const root = rootDirectory(path);
  let name = key(first);
  let node: Draft | undefined;
  for (let i = 1; node === undefined; i++) {
    const other = tree.nodes.get(name);
    if (!other) node = { ...draft(), root };
    else if (other.root && equalBytes(other.root, root)) node = other;
    // the same name from another directory gets a number
    else name = `${key(first)}-${i}`;
  }
  if (components.length === 1) {
    node.path = path;
    node.explicit = explicit;
  } else {
    node.metadataPath = cleanPath(joinPath(root, first));
    addBelow(node, path, node.metadataPath, components.slice(1), explicit);
  }
  tree.nodes.set(name, node);
}

function addBelow(
  tree: Draft,
  path: Uint8Array,
  above: Uint8Array,
  components: readonly Uint8Array[],
  explicit: boolean,
): void {
  const name = key(components[0]!);
  const node = tree.nodes.get(name) ?? draft();
  if (components.length === 1) {
    if (node.path) throw new HoldfastError('usage', `path is already set for target ${showPath(path)}`);
    node.path = path;
    node.explicit = explicit;
  } else {
    node.metadataPath = cleanPath(joinPath(above, components[0]!));
    addBelow(node, path, node.metadataPath, components.slice(1), explicit);
  }
  tree.nodes.set(name, node);
}

/** A target with other targets inside it becomes a directory on the way, with everything it holds as targets of its own. */
function spreadTargets(tree: Draft): void {
  if (tree.path && tree.nodes.size > 0) {
    for (const name of readNames(tree.path)) {
      const path = cleanPath(joinPath(tree.path, name));
      const node = tree.nodes.get(key(name));
      if (!node) tree.nodes.set(key(name), { ...draft(), path });
      else if (!node.path) node.path = path;
      else if (!equalBytes(node.path, path)) {
        throw new HoldfastError('usage', `${showPath(node.path)} and ${showPath(path)} claim the same place`);
      }
    }
    tree.path = undefined;
    tree.explicit = false;
  }
  for (const node of tree.nodes.values()) spreadTargets(node);
}

function finished(from: Draft, name: Uint8Array): TargetNode {
  const names = [...from.nodes.keys()].sort((a, b) => (a < b ? -1 : 1));
  return {
    name,
    path: from.path,
    metadataPath: from.metadataPath,
    explicit: from.explicit,
    children: names.map((child) => finished(from.nodes.get(child)!, Buffer.from(child, 'latin1'))),
  };
}
