/** One tree looked at: what is wrong with its nodes, and which trees and packs it leads to. */
import { messageOf } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { parseTree, TreeStream } from '../../vaults/repository/format/tree.ts';

/** What a tree leads to, by numbers of the index. */
export interface TreeFindings {
  /** entries of its subtrees */
  readonly children: number[];
  /** hex ids of subtrees that are in no index */
  readonly missing: string[];
  /** packs that hold its files' data; gathered only when asked for */
  readonly packs: number[];
  /** one sentence for each thing that is wrong, as restic words it */
  readonly errors: string[];
}

/** Larger trees are parsed in pieces, so that their nodes never stand in memory together. */
const wholeUpTo = 4 * 1024 * 1024;
const pieceSize = 256 * 1024;

const zeroId = new Uint8Array(32);
const utf8 = new TextDecoder();

/** Checks a tree's plaintext. `id` is its 64 hex digits, for the messages. */
export function checkTree(index: BlobIndex, id: string, json: Uint8Array, withPacks: boolean): TreeFindings {
  const packs = new Set<number>();
  const findings = { children: [] as number[], missing: [] as string[], errors: [] as string[] };
  const wrong = (what: string) => findings.errors.push(`tree ${id}: ${what}`);
  const visit = (node: Node) => checkNode(index, node, findings, withPacks ? packs : undefined, wrong);
  try {
    if (json.length <= wholeUpTo) {
      for (const node of parseTree(json)) visit(node);
    } else {
      const stream = new TreeStream();
      for (let at = 0; at < json.length; at += pieceSize) {
        for (const node of stream.push(json.subarray(at, at + pieceSize))) visit(node);
      }
      for (const node of stream.finish()) visit(node);
    }
  } catch (error) {
    wrong(`failed to decode tree ${id}: ${messageOf(error)}`);
  }
  return { ...findings, packs: [...packs] };
}

function checkNode(
  index: BlobIndex,
  node: Node,
  findings: { children: number[]; missing: string[] },
  packs: Set<number> | undefined,
  wrong: (what: string) => void,
): void {
  switch (node.type) {
    case 'file':
      if (node.content) checkContent(index, node, node.content, packs, wrong);
      else wrong(`file ${quoted(node)} has nil blob list`);
      break;
    case 'dir':
      if (!node.subtree) {
        wrong(`dir node ${quoted(node)} has no subtree`);
      } else if (Buffer.compare(node.subtree, zeroId) === 0) {
        wrong(`dir node ${quoted(node)} subtree id is null`);
      } else {
        const entry = index.find('tree', node.subtree);
        if (entry < 0) findings.missing.push(toHex(node.subtree));
        else findings.children.push(entry);
      }
      break;
    case 'irregular':
      wrong(`node ${quoted(node)} with invalid type "irregular"`);
      break;
    default:
      break;
  }
  if (node.name.length === 0) wrong('node with empty name');
}

function checkContent(
  index: BlobIndex,
  node: Node,
  content: Uint8Array,
  packs: Set<number> | undefined,
  wrong: (what: string) => void,
): void {
  for (let at = 0; at < content.length; at += 32) {
    const entry = index.find('data', content, at);
    if (entry >= 0) {
      if (packs) for (const copy of index.findAll('data', content, at)) packs.add(index.packOf(copy));
    } else if (content.subarray(at, at + 32).every((byte) => byte === 0)) {
      wrong(`file ${quoted(node)} blob ${at / 32} has null ID`);
    } else {
      wrong(`file ${quoted(node)} blob ${toHex(content, at, at + 32)} not found in index`);
    }
  }
}

function quoted(node: Node): string {
  return JSON.stringify(utf8.decode(node.name));
}
