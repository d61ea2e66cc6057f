/** When two entries of a tree count as the same: every field restic compares, in the same way. */
import type { ExtendedAttribute, Node, Time } from '../vaults/repository/format/node.ts';

/** True when both hold the same blobs in the same order. */
export function sameContent(a: Node, b: Node): boolean {
  return sameBytes(a.content, b.content);
}

/** True when all metadata, the content and the subtree are the same. */
export function sameNode(a: Node, b: Node): boolean {
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    sameInstant(a.mtime, b.mtime) &&
    sameInstant(a.atime, b.atime) &&
    sameInstant(a.ctime, b.ctime) &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.user === b.user &&
    a.group === b.group &&
    a.inode === b.inode &&
    a.deviceId === b.deviceId &&
    a.size === b.size &&
    a.links === b.links &&
    a.device === b.device &&
    a.error === b.error &&
    a.genericAttributes === b.genericAttributes &&
    sameBytes(a.name, b.name) &&
    sameBytes(a.linktarget, b.linktarget) &&
    sameContent(a, b) &&
    sameBytes(a.subtree, b.subtree) &&
    sameAttributes(a.xattrs, b.xattrs)
  );
}

function sameInstant(a: Time, b: Time): boolean {
  return a.sec === b.sec && a.nsec === b.nsec;
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a && b ? Buffer.compare(a, b) === 0 : a === b;
}

function sameAttributes(a: readonly ExtendedAttribute[], b: readonly ExtendedAttribute[]): boolean {
  if (a.length !== b.length) return false;
  const values = new Map(a.map(({ name, value }) => [name, value]));
  return b.every(({ name, value }) => sameBytes(values.get(name), value));
}
