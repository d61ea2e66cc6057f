/** Writes trees anew with some entries changed or left out, from the leaves up. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, hasCode, throwIfAborted } from '../kernel/errors.ts';
import { toHex } from '../kernel/hex.ts';
import { createSha256, sha256 } from '../kernel/native/crypto.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import { TreeEncoder } from '../vaults/repository/format/tree.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { pathBelow, treeBatches } from './tree-walk.ts';

/** Where new trees go: stores one and resolves to its id. */
export type TreeSink = (tree: Uint8Array) => Promise<Uint8Array>;

export interface TreeRules<State> {
  /** what is handed to `entry` for the entries of the root */
  readonly root: State;
  /** the entry as it shall be, and for a directory the state for what is in it; undefined to leave it out */
  entry(path: string, node: Node, state: State): { readonly node: Node; readonly state: State } | undefined;
  /** whether a directory with nothing in it stays; default yes */
  keepEmpty?(path: string, state: State): boolean;
  /** a damaged tree: 'remove' its directory, make it 'empty', or 'throw' the error, which is the default */
  damaged?(path: string): 'remove' | 'empty' | 'throw';
  /** refuse trees that would lose something when they are written again */
  readonly faithful: boolean;
  /** the rules do not depend on paths, so that a tree that was rewritten need not be looked at again */
  readonly pathless: boolean;
}

export interface TreeRewriter {
  /** The id of the new tree; undefined when nothing of it is left. Code `unsupported` for a tree that would lose something. */
  rewrite(tree: Uint8Array): Promise<Uint8Array | undefined>;
}

interface Encoded {
  readonly json: Uint8Array;
  readonly empty: boolean;
}

interface Damage {
  readonly json?: undefined;
  readonly damage: HoldfastError;
}

/** A sink for dry runs: nothing is stored. */
export async function hashOnly(tree: Uint8Array): Promise<Uint8Array> {
  return sha256(tree);
}

export function createTreeRewriter<State>(
  repository: Repository,
  sink: TreeSink,
  rules: TreeRules<State>,
  context: Context,
): TreeRewriter {
  const done = new Map<string, Uint8Array>();

  async function rewriteNode(path: string, node: Node, state: State): Promise<Node | undefined> {
    const changed = rules.entry(path, node, state);
    if (changed?.node.type !== 'dir') return changed?.node;
    const subtree = await rewriteTree(changed.node.subtree, path, changed.state);
    return subtree && { ...changed.node, subtree };
  }

  /** The new JSON, and whether there is anything in it; or why the old one cannot be read. */
  async function encode(tree: Uint8Array, path: string, state: State): Promise<Encoded | Damage> {
    const encoder = new TreeEncoder();
    const faithful = rules.faithful ? createFaithfulCheck(tree, path) : undefined;
    const pieces: Uint8Array[] = [];
    let empty = true;
    const batches = treeBatches(repository, tree);
    for (;;) {
      throwIfAborted(context.signal);
      let batch: readonly Node[];
      try {
        const step = await batches.next();
        if (step.done) break;
        batch = step.value;
      } catch (damage) {
        if (!hasCode(damage, 'corrupt', 'not-found', 'truncated')) throw damage;
        return { damage };
      }
      for (const node of batch) {
        faithful?.add(node);
        const changed = await rewriteNode(pathBelow(path, node), node, state);
        if (!changed) continue;
        encoder.add(changed);
        empty = false;
      }
      pieces.push(encoder.take());
    }
    faithful?.finish();
    pieces.push(encoder.finish());
    return { json: Buffer.concat(pieces), empty };
  }

  async function rewriteTree(
    tree: Uint8Array | undefined,
    path: string,
    state: State,
  ): Promise<Uint8Array | undefined> {
    const key = tree && rules.pathless ? toHex(tree) : undefined;
    const known = key === undefined ? undefined : done.get(key);
    if (known) return known;
    const result = tree ? await encode(tree, path, state) : { damage: withoutTree(path) };
    if (result.json === undefined) {
      const what = rules.damaged?.(path) ?? 'throw';
      if (what === 'throw') throw result.damage;
      return what === 'remove' ? undefined : sink(new TreeEncoder().finish());
    }
    if (result.empty && rules.keepEmpty && !rules.keepEmpty(path, state)) return undefined;
    const id = await sink(result.json);
    if (key !== undefined) done.set(key, id);
    return id;
  }

  return { rewrite: (tree) => rewriteTree(tree, '/', rules.root) };
}

function withoutTree(path: string): HoldfastError {
  return new HoldfastError('corrupt', `the directory ${path} has no tree`);
}

/** Encodes a tree as it was read; the outcome must be the very bytes that were read. */
function createFaithfulCheck(tree: Uint8Array, path: string) {
  const encoder = new TreeEncoder();
  const hash = createSha256();
  return {
    add(node: Node): void {
      encoder.add(node);
      if (encoder.pending > 1 << 20) hash.update(encoder.take());
    },
    finish(): void {
      hash.update(encoder.finish());
      if (Buffer.compare(hash.digest(), tree) === 0) return;
      throw new HoldfastError('unsupported', `cannot encode tree at "${path}" without losing information`, {
        hint: 'a newer program wrote it; use that one to rewrite',
      });
    },
  };
}
