/** The values of a tree: what restic calls a node, as raw as the format keeps it. */

/** An instant with its zone offset, as RFC 3339 text holds it. */
export interface Time {
  /** whole seconds since 1970-01-01 UTC, may be negative */
  readonly sec: number;
  /** 0 to 999,999,999 */
  readonly nsec: number;
  /** minutes east of UTC in which the text is written */
  readonly offset: number;
}

export type NodeType = 'file' | 'dir' | 'symlink' | 'dev' | 'chardev' | 'fifo' | 'socket' | 'irregular';

export interface ExtendedAttribute {
  /** attribute name, UTF-8 */
  readonly name: string;
  readonly value: Uint8Array;
}

/** The value of an attribute for which the tree has null instead of a value; told from an empty one by identity. */
export const absentValue: Uint8Array = new Uint8Array(0);

export interface Node {
  /** raw bytes of the name, without a slash */
  name: Uint8Array;
  type: NodeType;
  /** Go's FileMode, unsigned 32 bits (see go-mode.ts) */
  mode: number;
  mtime: Time;
  atime: Time;
  ctime: Time;
  uid: number;
  gid: number;
  user: string;
  group: string;
  inode: bigint;
  /** only for hard links, otherwise 0n */
  deviceId: bigint;
  size: number;
  links: number;
  /** raw bytes of a symlink's target */
  linktarget: Uint8Array | undefined;
  xattrs: readonly ExtendedAttribute[];
  /** generic_attributes, the JSON text as it stands (Windows) */
  genericAttributes: string | undefined;
  device: bigint;
  /** 32-byte blob ids one after another; undefined (null in JSON) for what is not a file */
  content: Uint8Array | undefined;
  /** 32-byte id of a directory's tree */
  subtree: Uint8Array | undefined;
  error: string;
}
