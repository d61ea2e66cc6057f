/**
 * The directory's tree in the parent snapshot, as its JSON stands. An entry whose stat gives the very bytes that the
 * parent has is unchanged, and so are its link target and attributes, for changing those changes the ctime: its node
 * is taken over as it is, without parsing it.
 */
import { compareBytes, type ByteWriter } from '../../kernel/bytes.ts';
import { readHex } from '../../kernel/hex.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { JsonReader } from '../../vaults/repository/format/json-reader.ts';
import { parseNode } from '../../vaults/repository/format/node-parser.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import type { PreviousTree } from './previous-tree.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
export const treeHead = bytesOf('{"nodes":[');
const content = bytesOf(',"content":[');
const subtree = bytesOf(',"content":null,"subtree":"');
const contentKey = bytesOf(',"content":');
const sizeKey = bytesOf(',"size":');
const linksKey = bytesOf(',"links":');
const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const scratchId = new Uint8Array(32);

export class Twin implements PreviousTree {
  readonly json: Uint8Array;
  /** where the next node begins; at the closing bracket when there is none */
  at = treeHead.length;
  /** behind the node that matched last */
  nodeEnd = 0;
  /** where the content of the node that matched last is said */
  private contentAt = 0;
  private reader: JsonReader | undefined;
  /** the node at `at`, when it was parsed and not taken */
  private parsed: { readonly node: Node; readonly end: number } | undefined;

  /** @param json a tree in its canonical form; undefined is given for others by `openTwin` */
  constructor(json: Uint8Array) {
    this.json = json;
  }

  get atEnd(): boolean {
    return this.json[this.at] === closeBracket;
  }

  /** True when the next node begins with these bytes, which are everything up to its link target. */
  matches(head: ByteWriter): boolean {
    const { json, at } = this;
    const { buffer, length } = head;
    if (json[at + length] !== comma) return false;
    // names differ soonest, times behind them: a short loop decides most cases
    for (let i = 0; i < length; i++) if (json[at + i] !== buffer[i]) return false;
    this.nodeEnd = this.endOfNode(at + length);
    return this.nodeEnd > 0;
  }

  /** Steps over the node that matched. */
  advance(): void {
    this.at = this.json[this.nodeEnd] === comma ? this.nodeEnd + 1 : this.nodeEnd;
    this.parsed = undefined;
  }

  /** The bytes of the node that matched. */
  node(): Uint8Array {
    return this.json.subarray(this.at, this.nodeEnd);
  }

  /** True when every blob of the file that matched is in the index. False also when that cannot be seen at once. */
  hasContent(index: BlobIndex): boolean {
    const { json } = this;
    if (!startsWith(json, this.contentAt, content)) return false;
    let at = this.contentAt + content.length;
    while (json[at] === quote) {
      if (!readHex(json, at + 1, scratchId, 0, 32) || index.find('data', scratchId) < 0) return false;
      at += 66;
      if (json[at] === comma) at++;
    }
    return json[at] === closeBracket && at + 2 === this.nodeEnd;
  }

  /** The tree of the directory that matched, undefined when it cannot be seen at once. */
  subtree(): Uint8Array | undefined {
    const { json, contentAt } = this;
    const at = contentAt + subtree.length;
    const id = new Uint8Array(32);
    if (!startsWith(json, contentAt, subtree) || at + 66 !== this.nodeEnd || !readHex(json, at, id, 0, 32))
      return undefined;
    return id;
  }

  find(name: Uint8Array): Node | undefined {
    while (!this.atEnd) {
      this.parsed ??= this.parse();
      const { node, end } = this.parsed;
      const order = compareBytes(node.name, name);
      if (order > 0) return undefined;
      this.nodeEnd = end;
      this.advance();
      if (order === 0) return node;
    }
    return undefined;
  }

  private parse(): { node: Node; end: number } {
    const reader = (this.reader ??= new JsonReader('tree', this.json));
    reader.pos = this.at;
    const node = parseNode(reader);
    return { node, end: reader.pos };
  }

  /**
   * Behind the brace that ends the node whose fields up to `links` end at `from`; 0 when there is none, or when one of
   * those fields is still to come. Sees on the way where the content is.
   */
  private endOfNode(from: number): number {
    const { json } = this;
    let depth = 0;
    for (let at = from; at < json.length; at++) {
      const byte = json[at]!;
      if (byte === comma && depth === 0) {
        if (startsWith(json, at, contentKey)) this.contentAt = at;
        else if (startsWith(json, at, sizeKey) || startsWith(json, at, linksKey)) return 0;
      } else if (byte === quote) {
        for (at++; json[at] !== quote; at++) {
          if (at >= json.length) return 0;
          if (json[at] === backslash) at++;
        }
      } else if (byte === openBrace || byte === openBracket) {
        depth++;
      } else if (byte === closeBrace || byte === closeBracket) {
        if (depth === 0) return at + 1;
        depth--;
      }
    }
    return 0;
  }
}

function startsWith(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** Undefined for a tree that is not written as restic and we write them. */
export function openTwin(json: Uint8Array): Twin | undefined {
  for (let i = 0; i < treeHead.length; i++) if (json[i] !== treeHead[i]) return undefined;
  const end = json.length;
  const tail = json[end - 1] === 0x0a && json[end - 2] === closeBrace && json[end - 3] === closeBracket;
  return tail ? new Twin(json) : undefined;
}
