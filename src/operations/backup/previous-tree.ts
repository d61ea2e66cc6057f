/** The same directory in the parent snapshot, asked name by name in ascending order. */
import { compareBytes } from '../../kernel/bytes.ts';
import type { Node } from '../../vaults/repository/format/node.ts';

export interface PreviousTree {
  /** The node of that name, if the parent has one. Names must be asked in ascending order. */
  find(name: Uint8Array): Node | undefined | Promise<Node | undefined>;
}

/** Over batches of nodes in ascending order; large directories come in many. */
export function previousTree(batches: Iterator<Node[]> | AsyncIterator<Node[]>): PreviousTree {
  let nodes: Node[] = [];
  let at = 0;
  let ended = false;

  /** Goes on in the batch at hand; undefined when another one is needed. */
  function seek(name: Uint8Array): { found: Node | undefined } | undefined {
    for (; at < nodes.length; at++) {
      const order = compareBytes(nodes[at]!.name, name);
      if (order === 0) return { found: nodes[at] };
      if (order > 0) return { found: undefined };
    }
    return ended ? { found: undefined } : undefined;
  }

  function take(result: IteratorResult<Node[]>): void {
    if (result.done) ended = true;
    nodes = result.done ? [] : result.value;
    at = 0;
  }

  async function findLater(
    name: Uint8Array,
    first: Promise<IteratorResult<Node[]>>,
  ): Promise<Node | undefined> {
    take(await first);
    for (;;) {
      const answer = seek(name);
      if (answer) return answer.found;
      take(await batches.next());
    }
  }

  return {
    find(name) {
      for (;;) {
        const answer = seek(name);
        if (answer) return answer.found;
        const next = batches.next();
        if (next instanceof Promise) return findLater(name, next);
        take(next);
      }
    },
  };
}
