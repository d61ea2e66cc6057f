/** Finds the statements of a dump that belong to some of its tables or schemas, and what these need besides. */
import type { StoredDatabase } from '../database/driver.ts';
import { namesIn, type NameChain, keyOf, objectKey } from './dump-names.ts';
import { type DumpStatement, dumpStatements, type Heading } from './dump-statements.ts';
import { nameAt, readTokens } from './dump-tokens.ts';
import { joinedParts } from './load-dump.ts';

/** A statement of the schema, looked into. */
export interface SchemaStatement extends DumpStatement {
  readonly sql: string;
  readonly heading: Heading;
  readonly names: readonly NameChain[];
  /** the first name with a schema: what the statement is about, in all but few kinds */
  readonly subject: string | undefined;
}

/** The schema of a dump in memory, as pg_dump itself holds it. */
export interface StoredSchema {
  readonly before: readonly SchemaStatement[];
  readonly after: readonly SchemaStatement[];
  /** that set the values of sequences */
  readonly sequences: readonly SchemaStatement[];
  /** that its names are in, as PostgreSQL calls it */
  readonly encoding: string;
}

export async function readStoredSchema(stored: StoredDatabase): Promise<StoredSchema> {
  const read = async (pattern: RegExp): Promise<SchemaStatement[]> => {
    const found: SchemaStatement[] = [];
    const parts = stored.evidence.parts.filter(({ name }) => pattern.test(name));
    for await (const statement of dumpStatements(joinedParts(stored, parts))) {
      const { heading } = statement;
      const sql = statement.text.slice(statement.start);
      if (!heading || sql === '' || sql.startsWith('\\')) continue;
      const names = namesIn(sql);
      // SELECT pg_catalog.setval('shop.orders_id_seq', 7, true);
      const about = heading.type === 'SEQUENCE SET' ? names.find(({ constant }) => constant) : names[0];
      found.push({ ...statement, heading, sql, names, subject: about && keyOf(about) });
    }
    return found;
  };
  return {
    before: await read(/^1-/),
    after: await read(/^5-/),
    sequences: await read(/^3-/),
    encoding: stored.evidence.encoding,
  };
}

/** Kinds of statements that are about a table, its columns, or what belongs to it. */
const ofTables = new Set([
  ...[
    'TABLE',
    'FOREIGN TABLE',
    'TABLE ATTACH',
    'SEQUENCE',
    'SEQUENCE OWNED BY',
    'SEQUENCE SET',
    'DEFAULT',
    'COMMENT',
    'ACL',
  ],
  ...[
    'SECURITY LABEL',
    'CONSTRAINT',
    'CHECK CONSTRAINT',
    'INDEX',
    'INDEX ATTACH',
    'STATISTICS',
    'RULE',
    'TRIGGER',
  ],
  ...['FK CONSTRAINT', 'POLICY', 'ROW SECURITY', 'REPLICA IDENTITY'],
]);

export interface ChosenTable {
  /** with its partitions, the first of all */
  readonly tables: readonly string[];
  readonly sequences: ReadonlySet<string>;
  readonly indexes: ReadonlySet<string>;
  readonly statistics: ReadonlySet<string>;
}

/** A table with all that belongs to it; undefined when the dump has no such table. */
export function findTable(schema: StoredSchema, table: string): ChosenTable | undefined {
  const made = schema.before.some(
    ({ heading, subject, sql }) =>
      subject === table && /^(?:FOREIGN )?TABLE$/.test(heading.type) && sql.startsWith('CREATE '),
  );
  if (!made) return undefined;
  const tables = new Set([table]);
  for (let size = 0; size < tables.size;) {
    size = tables.size;
    for (const { heading, names } of schema.before) {
      if (heading.type !== 'TABLE ATTACH' || !names[1] || !tables.has(keyOf(names[0]!))) continue;
      tables.add(keyOf(names[1]));
    }
  }
  const sequences = new Set<string>();
  const indexes = new Set<string>();
  const statistics = new Set<string>();
  for (const { heading, names, sql, subject } of [...schema.before, ...schema.after]) {
    const [first, second] = names;
    if (!second && !first) continue;
    if (heading.type === 'SEQUENCE OWNED BY' && second && tables.has(keyOf(second))) sequences.add(subject!);
    // of an identity column
    if (heading.type === 'SEQUENCE' && second && sql.startsWith('ALTER TABLE') && tables.has(subject!)) {
      sequences.add(keyOf(second));
    }
    if (heading.type === 'STATISTICS' && second && tables.has(keyOf(second))) statistics.add(subject!);
    const index = tables.has(subject!) ? indexMadeBy(sql, heading.type) : undefined;
    if (index !== undefined) indexes.add(objectKey(first!.parts[0]!, index));
  }
  return { tables: [...tables], sequences, indexes, statistics };
}

/** The name of the index that a statement makes, in its table's schema. */
function indexMadeBy(sql: string, type: string): string | undefined {
  const words = type === 'INDEX' ? /^CREATE (?:UNIQUE )?INDEX / : /ADD CONSTRAINT /;
  if (type !== 'INDEX' && type !== 'CONSTRAINT') return undefined;
  const found = words.exec(sql);
  if (!found) return undefined;
  const rest = sql.slice(found.index + found[0].length);
  return nameAt(rest, readTokens(rest)[0]);
}

/** Whether a statement is about one of these objects. */
export function isAbout({ heading, names, subject }: SchemaStatement, objects: ReadonlySet<string>): boolean {
  if (subject === undefined || !ofTables.has(heading.type) || !objects.has(subject)) return false;
  // to the index of a table that stays behind
  return heading.type !== 'INDEX ATTACH' || (names[1] !== undefined && objects.has(keyOf(names[1])));
}

/** Whether a statement is about something in this schema, or the schema itself. */
export function isIn({ heading, sql }: SchemaStatement, schema: string): boolean {
  if (heading.type === 'PUBLICATION TABLE') return false;
  if (heading.schema !== '-') return heading.schema === schema.replaceAll(/[\r\n]/g, ' ');
  const tokens = readTokens(sql);
  const at = tokens.findIndex((token) => sql.slice(token.start, token.end) === 'SCHEMA');
  const own = /^(?:SCHEMA|ACL|COMMENT|SECURITY LABEL)$/.test(heading.type);
  return own && at > 0 && at < 6 && nameAt(sql, tokens[at + 1]) === schema;
}

/** What others need: these are brought along where the target does not have them. */
const needed = /^(?:TYPE|DOMAIN|SEQUENCE|FUNCTION|COLLATION|AGGREGATE)$/;

/** True of the type that a range type makes beside itself. */
export function isMultirange(sql: string, { start }: NameChain): boolean {
  return sql.slice(0, start).endsWith('multirange_type_name = ');
}

/** Objects that the statements name, and that the dump makes: in turn with what these name. */
export function neededBy(schema: StoredSchema, chosen: readonly SchemaStatement[]): ReadonlySet<string> {
  const makers = new Map<string, SchemaStatement[]>();
  const makersBeside = new Map<string, string>();
  for (const statement of schema.before) {
    const { heading, sql, subject } = statement;
    if (subject === undefined || !needed.test(heading.type) || !sql.startsWith('CREATE ')) continue;
    makers.set(subject, [...(makers.get(subject) ?? []), statement]);
    const beside = statement.names.find((chain) => isMultirange(sql, chain));
    if (beside) makersBeside.set(keyOf(beside), subject);
  }
  const found = new Set<string>();
  const look = [...chosen];
  for (let next = look.pop(); next; next = look.pop()) {
    if (next.heading.type === 'TRIGGER') continue;
    for (const chain of next.names) {
      const key = makersBeside.get(keyOf(chain)) ?? keyOf(chain);
      if (found.has(key) || !makers.has(key)) continue;
      found.add(key);
      look.push(...makers.get(key)!);
    }
  }
  for (const { subject } of chosen) if (subject !== undefined) found.delete(subject);
  return found;
}

/** Another object that a statement cannot do without; undefined for most. */
export function reliesOn({ heading, names, sql }: SchemaStatement): string | undefined {
  if (heading.type === 'FK CONSTRAINT') return names[1] && keyOf(names[1]);
  if (heading.type !== 'TRIGGER') return undefined;
  const at = sql.search(/ EXECUTE (?:FUNCTION|PROCEDURE) /);
  const called = names.find(({ start }) => start > at && at > 0);
  return called && keyOf(called);
}
