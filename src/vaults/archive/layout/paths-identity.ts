/** What file trees are called in archives. */
import { hostname } from 'node:os';
import { toHex } from '../../../kernel/hex.ts';
import { sha256 } from '../../../kernel/native/crypto.ts';
import type { Identity } from './layout.ts';

/** Names of many paths are cut, and told apart by a hash. */
const longestName = 120;

/** Folders of this machine: `/srv/www` is `srv-www`. */
export function pathsIdentity(paths: readonly string[], host = hostname()): Identity {
  const names = paths.map((path) => path.split('/').filter(Boolean).join('-') || 'root');
  const database = names.join('+');
  if (Buffer.byteLength(database) <= longestName) return { host, database };
  const hash = toHex(sha256(Buffer.from(paths.join('\0')))).slice(0, 12);
  return {
    host,
    database: `${Buffer.from(database)
      .subarray(0, longestName - 20)
      .toString()
      .replace(/\ufffd+$/, '')}~${hash}`,
  };
}
