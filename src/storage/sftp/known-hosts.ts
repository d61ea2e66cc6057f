/** Reads OpenSSH's known_hosts and decides whether a server's key is the one that the user trusts. */
import { createHmac } from 'node:crypto';

export interface KnownHost {
  /** patterns of names, or one hashed name */
  readonly names: string;
  readonly marker: '' | '@revoked' | '@cert-authority';
  /** such as `ssh-ed25519` */
  readonly type: string;
  readonly key: Buffer;
}

export type Verdict = 'known' | 'unknown' | 'changed' | 'revoked';

/** Lines that make no sense are passed over, as ssh does. */
export function parseKnownHosts(text: string): KnownHost[] {
  const hosts: KnownHost[] = [];
  for (const line of text.split('\n')) {
    const words = line.trim().split(/[ \t]+/);
    if (words[0] === '' || words[0]!.startsWith('#')) continue;
    const marker = words[0]!.startsWith('@') ? words.shift()! : '';
    const [names, type, key] = words;
    if (names === undefined || type === undefined || key === undefined) continue;
    if (marker !== '' && marker !== '@revoked' && marker !== '@cert-authority') continue;
    hosts.push({ names, marker, type, key: Buffer.from(key, 'base64') });
  }
  return hosts;
}

/** What stands for a host in the file: its name, with the port when that is not 22. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** `name` as knownHostName makes it. */
export function verdictOn(hosts: readonly KnownHost[], name: string, key: Buffer): Verdict {
  const own = hosts.filter((host) => host.marker !== '@cert-authority' && matches(host.names, name));
  const same = own.filter((host) => host.key.equals(key));
  if (same.some(({ marker }) => marker === '@revoked')) return 'revoked';
  if (same.length > 0) return 'known';
  return own.some(({ marker }) => marker === '') ? 'changed' : 'unknown';
}

/** The types of keys that are known for a host: those it must be asked for, or it shows one that nobody has seen. */
export function knownTypes(hosts: readonly KnownHost[], name: string): string[] {
  const own = hosts.filter(({ marker, names }) => marker === '' && matches(names, name));
  return [...new Set(own.map(({ type }) => type))];
}

function matches(names: string, name: string): boolean {
  if (names.startsWith('|')) return matchesHash(names, name);
  const patterns = names.toLowerCase().split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && matchesPattern(pattern.slice(1), name)))
    return false;
  return patterns.some((pattern) => matchesPattern(pattern, name));
}

function matchesHash(names: string, name: string): boolean {
  const [, version, salt, hash] = names.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

/** `*` and `?` as ssh has them. */
export function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(name);
}
