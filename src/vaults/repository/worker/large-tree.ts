/**
 * The tree of a directory so large that its JSON must not stand in memory: pieces are hashed and compressed as they
 * come, each into a zstd frame of its own, which readers take as one content.
 */
import { createSha256 } from '../../../kernel/native/crypto.ts';
import { compress, decompressInto } from '../../../kernel/native/zstd.ts';
import { damagedInMemory, type Packer } from './packer.ts';

const level = 2;
const comma = Uint8Array.of(44);

export interface LargeTree {
  /** Adds nodes' JSON, without commas at its ends. */
  addNodes(nodes: Uint8Array): void;
  /** Ends the JSON and stores the blob. */
  finish(closing: Uint8Array, packer: Packer): { id: Uint8Array; isNew: boolean; size: number };
}

export function createLargeTree(opening: Uint8Array, compressed: boolean): LargeTree {
  const hash = createSha256();
  const frames: Uint8Array[] = [];
  let size = 0;
  let nodesBefore = false;

  function add(piece: Uint8Array): void {
    hash.update(piece);
    size += piece.length;
    const frame = compressed ? compress(piece, level) : piece.slice();
    if (compressed) {
      const decoded = new Uint8Array(piece.length);
      if (decompressInto(decoded, frame) !== piece.length || Buffer.compare(decoded, piece) !== 0)
        throw damagedInMemory();
    }
    frames.push(frame);
  }

  add(opening);
  return {
    addNodes(nodes) {
      if (nodes.length === 0) return;
      if (nodesBefore) add(comma);
      nodesBefore = true;
      add(nodes);
    },
    finish(closing, packer) {
      add(closing);
      const id = new Uint8Array(hash.digest());
      const stored = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
      let at = 0;
      for (const frame of frames) {
        stored.set(frame, at);
        at += frame.length;
      }
      return { id, isNew: packer.putEncoded('tree', id, stored, compressed ? size : 0), size };
    },
  };
}
