/** POSIX ACLs from the kernel's binary form to the long text that tar archives carry. */

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
