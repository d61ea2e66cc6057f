/** Extended attributes and ACLs as tar archives carry them: PAX records that GNU tar, bsdtar and star share. */
import type { Attribute } from '../../kernel/native/xattr.ts';
import { formatAcl, parseAcl } from './acl.ts';

export const accessAcl = 'system.posix_acl_access';
const prefix = 'SCHILY.xattr.';
const aclKeys: Readonly<Record<string, string>> = {
  [accessAcl]: 'SCHILY.acl.access',
  'system.posix_acl_default': 'SCHILY.acl.default',
};

export function attributeRecords(xattrs: readonly Attribute[]): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  for (const { name, value } of xattrs) {
    const acl = aclKeys[name];
    const text = acl && formatAcl(value);
    if (acl) {
      if (text !== undefined) records.set(acl, Buffer.from(text));
    } else if (!name.includes('=') && !name.includes('\0')) {
      records.set(prefix + name, value);
    }
  }
  return records;
}

/** The attributes that PAX records tell of; an ACL that is none is told. */
export function attributesOfRecords(
  records: ReadonlyMap<string, Uint8Array>,
  warn: (message: string) => void,
): Attribute[] {
  const attributes: Attribute[] = [];
  for (const [key, value] of records) {
    if (key.startsWith(prefix)) attributes.push({ name: key.slice(prefix.length), value });
  }
  for (const [name, key] of Object.entries(aclKeys)) {
    const text = records.get(key);
    if (!text || attributes.some((attribute) => attribute.name === name)) continue;
    const value = parseAcl(Buffer.from(text).toString());
    if (value) attributes.push({ name, value });
    else warn(`${key} has an ACL that cannot be read`);
  }
  return attributes;
}
