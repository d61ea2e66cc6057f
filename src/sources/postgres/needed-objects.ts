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
/** Statements in which it may also be that of a column of an alias, so that its place decides. */
const ambiguous = new Set(['VIEW', 'MATERIALIZED VIEW', 'RULE', 'POLICY']);
const routines = new Set(['FUNCTION', 'PROCEDURE']);
const ofServer = /^(?:pg_.*|information_schema)$/;
/** What stands before the name of an object: the server begins a line with FROM and JOIN, but for `extract(year FROM a.b)`. */
const beforeObject =
  /(?:::|\n *(?:FROM|(?:(?:LEFT|RIGHT|FULL|CROSS) )?JOIN) (?:ONLY )?\(*|\b(?:INSERT INTO|(?:UPDATE|DELETE FROM)(?: ONLY)?|COLLATE) )$/;
const longestBefore = 200;

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
    const tells = tellsIn({ heading, sql });
    for (const chain of names) {
      if (isMultirange(sql, chain)) made.add(keyOf(chain));
      else if (meansObject(sql, chain) && tells(chain)) named.add(keyOf(chain));
    }
  }
  const isLeft = (key: string): boolean =>
    !made.has(key) && !schemasOfExtensions.has(key.slice(0, key.indexOf('\0')));
  return new Set([...named].filter(isLeft));
}

/** Whether a name in the statement is that of an object for certain. */
function tellsIn({ heading, sql }: Pick<SchemaStatement, 'heading' | 'sql'>): (chain: NameChain) => boolean {
  if (telling.has(heading.type)) return () => true;
  const inPlace = ({ start, end, constant }: NameChain): boolean =>
    constant || sql[end] === '(' || beforeObject.test(sql.slice(Math.max(0, start - longestBefore), start));
  if (ambiguous.has(heading.type)) return inPlace;
  if (!routines.has(heading.type) || !sql.startsWith('CREATE ')) return () => false;
  const body = sql.search(/\n *BEGIN ATOMIC\n/);
  return (chain) => (body < 0 || chain.end < body ? !isSetting(sql, chain) : inPlace(chain));
}

/** `SET app.user TO 'ada'` of a function. */
function isSetting(sql: string, { start }: NameChain): boolean {
  return sql.slice(0, start).endsWith(' SET ');
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
