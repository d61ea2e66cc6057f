/** Reads from ~/.ssh/config what a connection needs: where a host is, who logs in, with which keys, and which files know it. */
import { globSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { matchesPattern } from './known-hosts.ts';

export interface HostSettings {
  readonly hostName?: string;
  readonly port?: number;
  readonly user?: string;
  readonly identityFiles: readonly string[];
  readonly knownHostsFiles: readonly string[];
  readonly hostKeyAlias?: string;
  /** ProxyCommand */
  readonly proxyCommand?: string;
  /** hosts of ProxyJump that lead there, the first one first; each `user@host:port` or less */
  readonly jumps: readonly string[];
}

/** The settings for `host`: as in ssh, the first value found counts, and identity files add up. `Match` blocks are passed over. */
export function readSshConfig(path: string, host: string, home: string): HostSettings {
  const found = new Map<string, string[]>();
  walk(path, host, home, found, 0);
  const first = (key: string): string | undefined => found.get(key)?.[0];
  const [proxyCommand, jumps] = [first('proxycommand'), first('proxyjump')].map((value) =>
    value?.toLowerCase() === 'none' ? undefined : value,
  );
  const port = Number(first('port'));
  const [hostName, user, hostKeyAlias] = [first('hostname'), first('user'), first('hostkeyalias')];
  const files = (key: string): string[] =>
    (found.get(key) ?? []).filter((file) => file !== 'none').map((file) => expand(file, home));
  return {
    identityFiles: files('identityfile'),
    knownHostsFiles: files('userknownhostsfile'),
    jumps: jumps?.split(',') ?? [],
    ...(hostName === undefined ? {} : { hostName: hostName.replaceAll('%h', host) }),
    ...(Number.isInteger(port) && port > 0 ? { port } : {}),
    ...(user === undefined ? {} : { user }),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    ...(proxyCommand === undefined ? {} : { proxyCommand }),
  };
}

const severalWords = new Set(['userknownhostsfile']);

function walk(path: string, host: string, home: string, found: Map<string, string[]>, depth: number): void {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // ssh goes on without it, too.
    return;
  }
  let applies = true;
  for (const line of text.split('\n')) {
    const match = /^\s*([a-z]+)(?:\s*=\s*|\s+)(.*?)\s*$/i.exec(line);
    if (!match) continue;
    const key = match[1]!.toLowerCase();
    const words = [...match[2]!.matchAll(/"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2]!);
    if (key === 'host') applies = hostApplies(words, host);
    else if (key === 'match') applies = words.length === 1 && words[0]!.toLowerCase() === 'all';
    else if (!applies || words.length === 0) continue;
    else if (key === 'include' && depth < 8) {
      for (const word of words) {
        const pattern = expand(word, home);
        const files = globSync(isAbsolute(pattern) ? pattern : join(home, '.ssh', pattern));
        for (const file of files.toSorted()) walk(file, host, home, found, depth + 1);
      }
    } else if (key === 'identityfile') found.set(key, [...(found.get(key) ?? []), words[0]!]);
    else if (!found.has(key)) {
      const whole = key === 'proxycommand' ? [match[2]!] : words.slice(0, 1);
      found.set(key, severalWords.has(key) ? words : whole);
    }
  }
}

function hostApplies(patterns: readonly string[], host: string): boolean {
  const name = host.toLowerCase();
  const hit = (pattern: string): boolean => matchesPattern(pattern.toLowerCase(), name);
  if (patterns.some((pattern) => pattern.startsWith('!') && hit(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && hit(pattern));
}

function expand(path: string, home: string): string {
  return path.replace(/^~(?=\/|$)/, home).replaceAll('%d', home);
}
