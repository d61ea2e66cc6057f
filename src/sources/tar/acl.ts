/** POSIX ACLs between the kernel's binary form and the text that tar archives carry. */
import { createAccounts } from '../../kernel/native/accounts.ts';

const tagNames: Record<number, string> = {
  0x01: 'user',
  0x02: 'user',
  0x04: 'group',
  0x08: 'group',
  0x10: 'mask',
  0x20: 'other',
};
const namedTags = [0x02, 0x08];

/** One line an entry, ids in decimal; undefined when the bytes are no ACL of version 2. */
export function formatAcl(acl: Uint8Array): string | undefined {
  const view = new DataView(acl.buffer, acl.byteOffset, acl.length);
  if (acl.length < 4 || (acl.length - 4) % 8 !== 0 || view.getUint32(0, true) !== 2) return undefined;
  let text = '';
  for (let at = 4; at < acl.length; at += 8) {
    const tag = view.getUint16(at, true);
    const name = tagNames[tag];
    if (name === undefined) return undefined;
    const permissions = view.getUint16(at + 2, true);
    const flags = `${permissions & 4 ? 'r' : '-'}${permissions & 2 ? 'w' : '-'}${permissions & 1 ? 'x' : '-'}`;
    text += `${name}:${namedTags.includes(tag) ? view.getUint32(at + 4, true) : ''}:${flags}\n`;
  }
  return text;
}

const tagsOf: Readonly<Record<string, { readonly own: number; readonly named?: number }>> = {
  user: { own: 0x01, named: 0x02 },
  group: { own: 0x04, named: 0x08 },
  mask: { own: 0x10 },
  other: { own: 0x20 },
};
const nobody = 0xffffffff;

/**
 * The kernel's form of a text with one entry a line or between commas: `user:1000:rwx`, `u:ada:r-x:1000`, `other::r--`.
 * Undefined when it is no ACL, or names somebody who is not known here.
 */
export function parseAcl(text: string): Uint8Array | undefined {
  const entries: { readonly tag: number; readonly id: number; readonly permissions: number }[] = [];
  for (const line of text.split(/[\n,]/)) {
    const plain = line.replace(/#.*/, '').trim();
    if (plain === '') continue;
    const [kind = '', ...rest] = plain.split(':');
    const tags = Object.entries(tagsOf).find(([name]) => kind !== '' && name.startsWith(kind))?.[1];
    // mask and other may go without an empty name
    const [name = '', flags = '', number] = rest.length === 1 ? ['', ...rest] : rest;
    if (!tags || !/^[r-][w-][x-]$/.test(flags) || (name !== '' && tags.named === undefined)) return undefined;
    const id = name === '' ? nobody : idOf(name, number, tags.own === 0x01);
    if (id === undefined) return undefined;
    const permissions = [...flags].reduce((bits, flag, i) => bits | (flag === '-' ? 0 : 4 >> i), 0);
    entries.push({ tag: name === '' ? tags.own : tags.named!, id, permissions });
  }
  if (entries.length === 0) return undefined;
  // the kernel wants them in this order
  entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
  const bytes = Buffer.alloc(4 + entries.length * 8);
  bytes.writeUInt32LE(2, 0);
  for (const [i, { tag, id, permissions }] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + i * 8);
    bytes.writeUInt16LE(permissions, 6 + i * 8);
    bytes.writeUInt32LE(id, 8 + i * 8);
  }
  return bytes;
}

function idOf(name: string, number: string | undefined, isUser: boolean): number | undefined {
  for (const text of [number, name]) if (text !== undefined && /^\d+$/.test(text)) return Number(text);
  const accounts = createAccounts();
  return isUser ? accounts.userId(name) : accounts.groupId(name);
}

/** What the mode's bits of the group are in a file with this ACL: the most that it gives to anybody but owner and others. */
export function groupPermissions(acl: Uint8Array): number {
  const view = new DataView(acl.buffer, acl.byteOffset, acl.length);
  let found = 0;
  for (let at = 4; at + 8 <= acl.length; at += 8) {
    const tag = view.getUint16(at, true);
    if (tag === 0x10) return view.getUint16(at + 2, true);
    if (tag === 0x04) found = view.getUint16(at + 2, true);
  }
  return found;
}
