/** Which trees there are, where they lead, and what is wrong with those that a snapshot reaches. */
import { toHex } from '../../kernel/hex.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { TreeAnswer } from './check-protocol.ts';

/** A tree that a snapshot reaches and that is not sound. */
export interface BrokenTree {
  /** 64 hex digits */
  readonly id: string;
  readonly errors: readonly string[];
}

/** Collects answers in any order; four bytes for an edge, so that millions of trees fit. */
export class TreeGraph {
  readonly #index: BlobIndex;
  /** where a tree's edges begin in `#edges`, plus one; 0 for a tree that was not read */
  readonly #starts: Uint32Array;
  /** for each tree: number of children, number of packs, the children, the packs */
  #edges = new Uint32Array(4096);
  #used = 0;
  readonly #missing = new Map<number, readonly string[]>();
  readonly #errors = new Map<number, readonly string[]>();
  /** why a tree could not be read where it was tried; of no interest when a copy was sound */
  readonly #damage = new Map<number, string>();

  constructor(index: BlobIndex) {
    this.#index = index;
    this.#starts = new Uint32Array(index.count);
  }

  add(answer: TreeAnswer): void {
    const { entry, children, packs } = answer;
    if (answer.damage !== '') {
      this.#damage.set(entry, answer.damage);
      return;
    }
    if (this.#starts[entry] !== 0) return;
    const length = 2 + children.length + packs.length;
    while (this.#used + length > this.#edges.length) {
      const larger = new Uint32Array(this.#edges.length * 2);
      larger.set(this.#edges);
      this.#edges = larger;
    }
    this.#starts[entry] = this.#used + 1;
    this.#edges[this.#used] = children.length;
    this.#edges[this.#used + 1] = packs.length;
    this.#edges.set(children, this.#used + 2);
    this.#edges.set(packs, this.#used + 2 + children.length);
    this.#used += length;
    if (answer.missing.length > 0) this.#missing.set(entry, answer.missing);
    if (answer.errors.length > 0) this.#errors.set(entry, answer.errors);
  }

  /**
   * Goes through everything that the root trees (hex) reach, and calls `broken` for each tree, once, that is not
   * sound. Returns the packs that the trees lie in and lead to; only as complete as the answers were.
   */
  walk(roots: Iterable<string>, broken: (tree: BrokenTree) => void): Set<number> {
    const index = this.#index;
    const packs = new Set<number>();
    const visited = new Uint8Array(index.count);
    const absent = new Set<string>();
    const pending: number[] = [];
    const reach = (entry: number): void => {
      if (visited[entry] !== 0) return;
      visited[entry] = 1;
      pending.push(entry);
    };
    const miss = (id: string): void => {
      if (absent.has(id)) return;
      absent.add(id);
      broken({ id, errors: [`id ${id} not found in repository`] });
    };
    for (const root of roots) {
      const entry = index.find('tree', Buffer.from(root, 'hex'));
      if (entry < 0) miss(root);
      else reach(entry);
    }
    for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
      const id = index.idOf(entry);
      for (const copy of index.findAll('tree', id)) packs.add(index.packOf(copy));
      const start = this.#starts[entry]!;
      if (start === 0) {
        broken({ id: toHex(id), errors: [this.#whyUnread(entry)] });
        continue;
      }
      const errors = this.#errors.get(entry);
      if (errors) broken({ id: toHex(id), errors });
      for (const missing of this.#missing.get(entry) ?? []) miss(missing);
      const edges = this.#edges;
      const childrenEnd = start + 1 + edges[start - 1]!;
      const packsEnd = childrenEnd + edges[start]!;
      for (let at = start + 1; at < childrenEnd; at++) reach(edges[at]!);
      for (let at = childrenEnd; at < packsEnd; at++) packs.add(edges[at]!);
    }
    return packs;
  }

  #whyUnread(entry: number): string {
    const index = this.#index;
    const pack = toHex(index.packId(index.packOf(entry)));
    const why = this.#damage.get(entry) ?? 'the pack could not be read';
    return `reading the tree blob from pack ${pack} failed: ${why}`;
  }
}
