/** Nodes of what stands nowhere on a disk: streams, and folders that are made for a snapshot. */
import type { Node, NodeType, Time } from './node.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
}

export function plainNode(name: Uint8Array, type: NodeType, mode: number, time: Time, owner: Owner): Node {
  return {
    name,
    type,
    mode,
    mtime: time,
    atime: time,
    ctime: time,
    ...owner,
    inode: 0n,
    deviceId: 0n,
    size: 0,
    links: 0,
    linktarget: undefined,
    xattrs: [],
    genericAttributes: undefined,
    device: 0n,
    content: undefined,
    subtree: undefined,
    error: '',
  };
}
