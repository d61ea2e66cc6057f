/**
 * What the usual option files of MySQL and MariaDB say of entering a server. Their other options are for people at a
 * terminal and for dumps of another kind: one line of them would take rows out of a backup, or let a restore go on after
 * errors, and nobody would know.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../database/driver.ts';

/** Where the programs look, wherever they come from; what comes later wins. */
export function usualOptionFiles(environment: Environment, home: string): string[] {
  const own = environment['MARIADB_HOME'] ?? environment['MYSQL_HOME'];
  return [
    ...['/etc/my.cnf', '/etc/mysql/my.cnf', '/usr/local/etc/my.cnf', '/opt/homebrew/etc/my.cnf'],
    ...(own === undefined ? [] : [join(own, 'my.cnf')]),
    join(home, '.my.cnf'),
  ];
}

/** The lines of these files, and of those that they include, that say how a server is entered, each in its group. */
export function enteringOptions(files: readonly string[]): string {
  const seen = new Set<string>();
  return files.map((file) => optionsOf(file, seen)).join('');
}

const entering = [
  ...['user', 'password', 'password1', 'password2', 'password3', 'host', 'port', 'socket', 'protocol'],
  ...['bind-address', 'connect-timeout', 'compress', 'compression-algorithms', 'zstd-compression-level'],
  ...['default-auth', 'plugin-dir', 'enable-cleartext-plugin', 'secure-auth', 'get-server-public-key'],
  ...['server-public-key-path', 'dns-srv-name', 'network-namespace', 'pipe', 'shared-memory-base-name'],
];
const enteringFamilies = ['ssl', 'tls', 'authentication'];
/** Programs take the beginning of a name for the name. */
const shortestName = 3;

function isEntering(option: string): boolean {
  const name = option
    .replaceAll('_', '-')
    .toLowerCase()
    .replace(/^loose-/, '')
    .replace(/^(?:skip|disable|enable(?!-cleartext))-/, '');
  if (enteringFamilies.some((family) => name === family || name.startsWith(`${family}-`))) return true;
  return name.length >= shortestName && entering.some((known) => known.startsWith(name));
}

function optionsOf(file: string, seen: Set<string>): string {
  if (seen.has(file)) return '';
  seen.add(file);
  let text = '';
  for (const line of linesOf(file)) {
    const [, directive, path] = /^!(include|includedir)\s+(.+)$/.exec(line) ?? [];
    if (directive === 'include') text += optionsOf(path!, seen);
    else if (directive === 'includedir') {
      for (const name of namesIn(path!)) text += optionsOf(join(path!, name), seen);
    } else if (line.startsWith('[') || isEntering(/^[^=\s]*/.exec(line)![0])) text += `${line}\n`;
  }
  return text;
}

/** None when it is not there, is not for this user, or may be written by everybody: the programs read no such file. */
function linesOf(file: string): string[] {
  try {
    if ((statSync(file).mode & 0o002) !== 0) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !/^[#;]/.test(line));
  } catch {
    return [];
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.cnf'))
      .sort();
  } catch {
    return [];
  }
}
