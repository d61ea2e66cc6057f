/** Relative paths of a configuration are meant from the folder of the file in which they stand, and `~` is the home. */
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { isDatabaseUrl } from '../sources/database/drivers.ts';

/** Settings that are paths, or lists of them. */
const pathSettings = new Set([
  'paths',
  'exclude-files',
  'mask',
  'ca-files',
  'ca-file',
  'client-certificate',
  'identities',
  'queries',
  'certificates',
  'signing-key',
  'key-file',
]);
/** Settings that are references to secrets. */
const secretSettings = new Set([
  'password',
  'passphrase',
  'key-passphrase',
  'token',
  'access-key',
  'secret-key',
  'session-token',
  'webhook',
]);
/** Settings that name a storage. */
const locationSettings = new Set(['repository', 'archive']);

/** The same settings with absolute paths. */
export function absolutePaths(
  settings: Readonly<Record<string, unknown>>,
  file: string,
): Readonly<Record<string, unknown>> {
  return mapMembers(settings, dirname(file)) as Readonly<Record<string, unknown>>;
}

function mapMembers(value: unknown, folder: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => mapMembers(item, folder));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, mapMember(name, member as unknown, folder)]),
  );
}

function mapMember(name: string, value: unknown, folder: string): unknown {
  const each = (change: (text: string) => string): unknown => {
    if (typeof value === 'string') return change(value);
    return Array.isArray(value)
      ? value.map((item) => (typeof item === 'string' ? change(item) : item))
      : value;
  };
  if (pathSettings.has(name)) return each((path) => absolute(path, folder));
  if (secretSettings.has(name)) return each((text) => ofReference(text, folder));
  if (locationSettings.has(name)) return each((text) => ofLocation(text, folder));
  if (name === 'recipients') return each((text) => (text.startsWith('age1') ? text : absolute(text, folder)));
  if (name === 'url') return each((text) => ofUrl(text, folder));
  return mapMembers(value, folder);
}

function absolute(path: string, folder: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
  return isAbsolute(path) ? path : resolve(folder, path);
}

function ofReference(text: string, folder: string): string {
  return text.startsWith('file:') ? `file:${absolute(text.slice('file:'.length), folder)}` : text;
}

/** Only paths: anything with a scheme says itself where it is. */
function ofLocation(text: string, folder: string): string {
  if (text.startsWith('local:')) return `local:${absolute(text.slice('local:'.length), folder)}`;
  return /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : absolute(text, folder);
}

function ofUrl(text: string, folder: string): string {
  if (!isDatabaseUrl(text) || !text.startsWith('sqlite:') || text.startsWith('sqlite://')) return text;
  return `sqlite:${absolute(text.slice('sqlite:'.length), folder)}`;
}
