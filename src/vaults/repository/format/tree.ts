/** A directory's tree: `{"nodes":[...]}` and a newline, written and read node by node. */
import { ByteWriter, compareBytes } from '../../../kernel/bytes.ts';
import { HoldfastError } from '../../../kernel/errors.ts';
import { JsonReader } from './json-reader.ts';
import { encodeNode } from './node-encoder.ts';
import { parseNode } from './node-parser.ts';
import type { Node } from './node.ts';

export { encodeNode } from './node-encoder.ts';

const head = '{"nodes":[';
const tail = ']}\n';
const nodesKey = new TextEncoder().encode('nodes');

/** Encodes a tree node by node. One encoder serves any number of trees, one after another, and keeps its memory. */
export class TreeEncoder {
  private readonly w: ByteWriter;
  private last: Uint8Array | undefined;

  constructor(capacity = 4096) {
    this.w = new ByteWriter(capacity);
    this.w.writeAscii(head);
  }

  /** Bytes that are encoded and not taken yet. */
  get pending(): number {
    return this.w.length;
  }

  /** Code `corrupt` when the name is empty or does not come after the one before. The name is kept until the next call. */
  add(node: Node): void {
    const name = node.name;
    if (name.length === 0) throw new HoldfastError('corrupt', 'a node without a name cannot stand in a tree');
    if (this.last !== undefined) {
      const order = compareBytes(name, this.last);
      if (order <= 0) {
        const why = order === 0 ? 'stands twice in' : 'is out of order in';
        throw new HoldfastError('corrupt', `${JSON.stringify(Buffer.from(name).toString())} ${why} a tree`);
      }
      this.w.writeByte(0x2c);
    }
    encodeNode(this.w, node);
    this.last = name;
  }

  /** What is encoded since the last call, for trees that are written as a stream. */
  take(): Uint8Array {
    return this.w.take();
  }

  /** The rest of the tree, which is all of it when nothing was taken before; the encoder begins anew. */
  finish(): Uint8Array {
    this.w.writeAscii(tail);
    const bytes = this.w.take();
    this.last = undefined;
    this.w.writeAscii(head);
    return bytes;
  }
}

/** All nodes of a tree; their arrays have memory of their own. The order is not checked. Code `corrupt`. */
export function parseTree(json: Uint8Array): Node[] {
  const r = new JsonReader('tree', json);
  const nodes: Node[] = [];
  if (readHead(r)) for (let first = true; r.next(0x5d, first); first = false) nodes.push(parseNode(r));
  readTail(r);
  return nodes;
}

/** Reads up to the first node; false when the list is null instead. */
function readHead(r: JsonReader): boolean {
  r.expect(0x7b);
  for (let first = true; r.next(0x7d, first); first = false) {
    r.readKey();
    if (r.keyIs(nodesKey)) {
      if (r.tryNull()) return false;
      r.expect(0x5b);
      return true;
    }
    r.skipValue();
  }
  return r.failAt(r.pos - 1, 'list of nodes expected');
}

/** Reads what follows the list of nodes: members that are not known, and the end. */
function readTail(r: JsonReader): void {
  while (r.next(0x7d, false)) {
    r.readKey();
    r.skipValue();
  }
  r.expectEnd();
}

/**
 * Parses a tree whose bytes come in pieces, so that a directory of a million entries never stands whole in memory:
 * only what belongs to a node that is not complete yet is kept.
 */
export class TreeStream {
  private readonly rest = new ByteWriter(0);
  private state: 'head' | 'nodes' | 'tail' = 'head';
  private first = true;
  /** A failed try is not repeated before the rest has twice the bytes: a node of many megabytes must not cost a quadratic time. */
  private retryAt = 0;

  /** Nodes that are complete with this piece. Code `corrupt`. */
  push(piece: Uint8Array): Node[] {
    if (this.rest.length === 0) return this.parse(piece, false);
    this.rest.writeBytes(piece);
    if (this.rest.length < this.retryAt) return [];
    const bytes = this.rest.view();
    this.rest.length = 0;
    return this.parse(bytes, false);
  }

  /** To be called behind the last piece. Code `corrupt` when the tree is not complete. */
  finish(): Node[] {
    const bytes = this.rest.take();
    return this.parse(bytes, true);
  }

  private parse(bytes: Uint8Array, last: boolean): Node[] {
    const r = new JsonReader('tree', bytes);
    const nodes: Node[] = [];
    let done = 0;
    try {
      if (this.state === 'head') {
        this.state = readHead(r) ? 'nodes' : 'tail';
        done = r.pos;
      }
      while (this.state === 'nodes') {
        if (!r.next(0x5d, this.first)) {
          this.state = 'tail';
        } else {
          nodes.push(parseNode(r));
          this.first = false;
        }
        done = r.pos;
      }
      if (last) {
        readTail(r);
        return nodes;
      }
    } catch (error) {
      if (last || !r.ranOut) throw error;
    }
    const left = bytes.length - done;
    if (left > 0) {
      // the piece may lie in the memory of the rest itself
      this.rest.reserve(left).set(bytes.subarray(done));
      this.rest.length = left;
    }
    this.retryAt = this.state === 'tail' ? 0 : left * 2;
    return nodes;
  }
}
