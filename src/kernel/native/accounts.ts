/** Names of users and groups for their numbers and back, from where the system keeps them, each asked for once. */
import { readFileSync } from 'node:fs';
import { cString } from './c-string.ts';
import { type Libc, libc } from './libc.ts';

export interface Accounts {
  /** the name, empty when nobody has this number */
  userName(uid: number): string;
  groupName(gid: number): string;
  /** undefined when nobody has this name */
  userId(name: string): number | undefined;
  groupId(name: string): number | undefined;
}

/** Lookups through the C library (and so through LDAP and the like), or from /etc/passwd and /etc/group without it. */
export function createAccounts(native: Libc | null = libc): Accounts {
  const users = native ? undefined : readTable('/etc/passwd');
  const groups = native ? undefined : readTable('/etc/group');
  const text = (name: Uint8Array | undefined) => (name === undefined ? '' : Buffer.from(name).toString());
  return {
    userName: cached((uid: number) => (native ? text(native.userName(uid)) : (users!.names.get(uid) ?? ''))),
    groupName: cached((gid: number) =>
      native ? text(native.groupName(gid)) : (groups!.names.get(gid) ?? ''),
    ),
    userId: cached((name: string) =>
      native ? native.userId(cString(Buffer.from(name))) : users!.ids.get(name),
    ),
    groupId: cached((name: string) =>
      native ? native.groupId(cString(Buffer.from(name))) : groups!.ids.get(name),
    ),
  };
}

function cached<K, V>(look: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key);
    if (value !== undefined || known.has(key)) return value!;
    const found = look(key);
    known.set(key, found);
    return found;
  };
}

function readTable(path: string): { names: Map<number, string>; ids: Map<string, number> } {
  const names = new Map<number, string>();
  const ids = new Map<string, number>();
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // a system without the table has no names to give
    return { names, ids };
  }
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (!name || !id || !/^\d+$/.test(id)) continue;
    if (!names.has(Number(id))) names.set(Number(id), name);
    if (!ids.has(name)) ids.set(name, Number(id));
  }
  return { names, ids };
}
