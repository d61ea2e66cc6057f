/**
 * Objects that a dump of some tables takes for granted: types, functions, collations and the like that it names and
 * does not make. pg_dump leaves them out when tables are chosen, and so it does what belongs to extensions.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import type { Evidence } from '../database/evidence.ts';
import { isMultirange, type SchemaStatement } from './chosen-statements.ts';
import { keyOf, type NameChain, readable } from './dump-names.ts';

/** Statements in which a name with a point is that of an object; in others it may be that of a table's column. */
const telling = new Set([
  ...['TABLE', 'FOREIGN TABLE', 'TYPE', 'DOMAIN', 'DEFAULT', 'CONSTRAINT', 'CHECK CONSTRAINT', 'INDEX'],
  'AGGREGATE',
]);
const ofServer = /^(?:pg_.*|information_schema)$/;

/** Keys of objects that these statements name and that none of them makes. */
export function takenForGranted(statements: Iterable<SchemaStatement>): ReadonlySet<string> {
  const made = new Set<string>();
  const named = new Set<string>();
  const schemasOfExtensions = new Set<string>();
  for (const { sql, heading, subject, names } of statements) {
    if (sql.startsWith('CREATE ') && subject !== undefined) made.add(subject);
    const extension = /^CREATE EXTENSION .* WITH SCHEMA "?(.*?)"?;/s.exec(sql);
    if (extension) schemasOfExtensions.add(extension[1]!);
    // that of an identity column is made with it
    if (heading.type === 'SEQUENCE') for (const chain of names) made.add(keyOf(chain));
    if (!telling.has(heading.type)) continue;
    for (const chain of names) {
      if (isMultirange(sql, chain)) made.add(keyOf(chain));
      else if (meansObject(sql, chain)) named.add(keyOf(chain));
    }
  }
  const isLeft = (key: string): boolean =>
    !made.has(key) && !schemasOfExtensions.has(key.slice(0, key.indexOf('\0')));
  return new Set([...named].filter(isLeft));
}

function meansObject(sql: string, { parts, constant, end }: NameChain): boolean {
  return parts.length === 2 && !ofServer.test(parts[0]!) && (!constant || sql.startsWith('::regclass', end));
}

/** Code `not-found`, naming all of them, when there are any. */
export function refuseAbsent(
  keys: readonly string[],
  database: string,
  { extensions }: Pick<Evidence, 'extensions'>,
): void {
  if (keys.length === 0) return;
  const are = keys.length === 1 ? 'is' : 'are';
  // every database has that one
  const names = extensions.map(({ name }) => name).filter((name) => name !== 'plpgsql');
  const had = names.length === 0 ? '' : `; the database had the extensions ${names.join(', ')}`;
  throw new HoldfastError(
    'not-found',
    `${keys.map(readable).toSorted().join(', ')} ${are} needed, and neither in the dump nor in the database ${database}`,
    { hint: `make what is missing first, or restore all of a snapshot that has it${had}` },
  );
}
