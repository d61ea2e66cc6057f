/** The kinds of databases that there are: a new one gets its line here. Loaded when one is meant: most runs want none. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseDriver } from './driver.ts';
import type { DatabaseKind } from './evidence.ts';

interface Known {
  readonly kinds: readonly DatabaseKind[];
  /** how its URLs begin */
  readonly schemes: readonly string[];
  readonly load: () => Promise<DatabaseDriver>;
}

const known: readonly Known[] = [
  {
    kinds: ['postgres'],
    schemes: ['postgres://', 'postgresql://'],
    load: async () => (await import('../postgres/driver.ts')).postgres,
  },
  {
    kinds: ['mysql', 'mariadb'],
    schemes: ['mysql://', 'mariadb://'],
    load: async () => (await import('../mysql/driver.ts')).mysql,
  },
  {
    kinds: ['sqlite'],
    schemes: ['sqlite:'],
    load: async () => (await import('../sqlite/driver.ts')).sqlite,
  },
];

export function isDatabaseUrl(text: string): boolean {
  return known.some(({ schemes }) => schemes.some((scheme) => text.startsWith(scheme)));
}

/** Code `usage` when it is no database's URL. */
export async function driverOfUrl(text: string): Promise<DatabaseDriver> {
  const found = known.find(({ schemes }) => schemes.some((scheme) => text.startsWith(scheme)));
  if (found) return found.load();
  const all = known.flatMap(({ schemes }) => schemes);
  throw new HoldfastError('usage', 'the URL names no database', { hint: `it begins with ${all.join(', ')}` });
}

/** Of the kind that evidence tells of. Code `unsupported`. */
export async function driverOfKind(kind: DatabaseKind): Promise<DatabaseDriver> {
  const found = known.find(({ kinds }) => kinds.includes(kind));
  if (found) return found.load();
  throw new HoldfastError('unsupported', `the snapshot has a database of the kind ${kind}`);
}

/** True for the path of a snapshot that a database was backed up to. */
export function isDatabaseFolder(path: string): boolean {
  return known.some(({ kinds }) => kinds.some((kind) => path.startsWith(`/${kind}/`)));
}
