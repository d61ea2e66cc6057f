/** Puts a directory's tree together from the JSON of its nodes, in order, while parts of it are still with other workers. */
import { ByteWriter } from '../../kernel/bytes.ts';
import { createLargeTree, type LargeTree } from '../../vaults/repository/worker/large-tree.ts';
import type { Packer } from '../../vaults/repository/worker/packer.ts';

const encoder = new TextEncoder();
const opening = encoder.encode('{"nodes":[');
const closing = encoder.encode(']}\n');
const comma = 44;

/** A tree of more JSON than this is compressed while it comes instead of being held whole. */
const largeTreeFrom = 16 * 1024 * 1024;

/** A run of nodes; undefined while another worker has it. */
interface Part {
  nodes: Uint8Array | undefined;
}

export interface StoredTree {
  /** 32 bytes */
  readonly id: Uint8Array;
  readonly isNew: boolean;
  /** bytes of JSON */
  readonly size: number;
}

export interface NodeSequence {
  /** The writer for the next node; call `begin` before each. */
  readonly writer: ByteWriter;
  /** Separates a node from the one before it. */
  begin(): void;
  /** Leaves a place for nodes that come later, and gives the function that fills it. */
  leaveHole(): (nodes: Uint8Array) => void;
  /** Holes that are not filled. */
  readonly pending: number;
  /** When nothing is pending: the nodes' JSON as one run, without brackets. */
  takeNodes(): Uint8Array<ArrayBuffer>;
  /** When nothing is pending: stores the tree. */
  storeTree(packer: Packer): StoredTree;
}

/** @param onComplete called when a hole was filled and none is left */
export function createNodeSequence(compresses: boolean, onComplete: () => void): NodeSequence {
  const writer = new ByteWriter(1024);
  const parts: Part[] = [];
  let pending = 0;
  let large: LargeTree | undefined;
  writer.writeBytes(opening);

  /** Ends the part that is being written. */
  function endPart(): void {
    if (writer.length === opening.length) return;
    parts.push({ nodes: writer.view().slice(opening.length) });
    writer.length = opening.length;
  }

  /** Moves everything before the first hole into the stream of a large tree, once there is enough of it. */
  function drain(): void {
    let held = 0;
    for (const part of parts) held += part.nodes?.length ?? 0;
    if (!large && held < largeTreeFrom) return;
    large ??= createLargeTree(opening, compresses);
    let ready = 0;
    while (ready < parts.length && parts[ready]!.nodes) large.addNodes(parts[ready++]!.nodes!);
    parts.splice(0, ready);
  }

  function joined(before: Uint8Array, after: Uint8Array): Uint8Array<ArrayBuffer> {
    const length = parts.reduce((sum, part) => sum + part.nodes!.length + 1, before.length + after.length);
    const whole = new Uint8Array(length);
    whole.set(before, 0);
    let at = before.length;
    for (const part of parts) {
      if (part.nodes!.length === 0) continue;
      if (at > before.length) whole[at++] = comma;
      whole.set(part.nodes!, at);
      at += part.nodes!.length;
    }
    whole.set(after, at);
    return whole.subarray(0, at + after.length);
  }

  return {
    writer,
    get pending() {
      return pending;
    },
    begin() {
      if (writer.length > largeTreeFrom) {
        endPart();
        drain();
      }
      if (writer.length > opening.length) writer.writeByte(comma);
    },
    leaveHole() {
      endPart();
      const part: Part = { nodes: undefined };
      parts.push(part);
      pending++;
      return (nodes) => {
        part.nodes = nodes;
        pending--;
        drain();
        if (pending === 0) onComplete();
      };
    },
    takeNodes() {
      endPart();
      return joined(new Uint8Array(0), new Uint8Array(0));
    },
    storeTree(packer) {
      if (large) {
        endPart();
        drain();
        return large.finish(closing, packer);
      }
      let json: Uint8Array;
      if (parts.length === 0) {
        writer.writeBytes(closing);
        json = writer.view();
      } else {
        endPart();
        json = joined(opening, closing);
      }
      const id = new Uint8Array(32);
      const isNew = packer.put('tree', json, id, 0);
      return { id, isNew, size: json.length };
    },
  };
}
