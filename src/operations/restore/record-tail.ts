/** The part of a plan's record that few entries have: names of owners, the target of a link, extended attributes. */
import type { ExtendedAttribute } from '../../vaults/repository/format/node.ts';

export interface RecordTail {
  readonly user: string;
  readonly group: string;
  readonly linkTarget: Uint8Array;
  readonly xattrs: readonly ExtendedAttribute[];
}

const none = new Uint8Array(0);

/** What few entries have: nothing at all for the others. */
export function encodeTail({ user, group, linkTarget, xattrs }: RecordTail): Uint8Array {
  if (user === '' && group === '' && linkTarget.length === 0 && xattrs.length === 0) return none;
  const parts: Uint8Array[] = [Buffer.from(user), Buffer.from(group), linkTarget];
  for (const xattr of xattrs) parts.push(Buffer.from(xattr.name), xattr.value);
  const lengths = Uint32Array.from([parts.length, ...parts.map((part) => part.length)]);
  return Buffer.concat([new Uint8Array(lengths.buffer), ...parts]);
}

export function decodeTail(bytes: Uint8Array<ArrayBuffer>): RecordTail {
  const count = new Uint32Array(bytes.buffer, 0, 1)[0]!;
  const lengths = new Uint32Array(bytes.buffer, 4, count);
  let start = 4 + 4 * count;
  const parts = Array.from(lengths, (length) => bytes.subarray(start, (start += length)));
  const text = (part: Uint8Array | undefined) => Buffer.from(part ?? none).toString();
  const xattrs: ExtendedAttribute[] = [];
  for (let i = 3; i + 1 < parts.length; i += 2) xattrs.push({ name: text(parts[i]), value: parts[i + 1]! });
  return { user: text(parts[0]), group: text(parts[1]), linkTarget: parts[2] ?? none, xattrs };
}
