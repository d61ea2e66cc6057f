/** The SQL that empties a database: what a restore begins with when it is asked to. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { ProcessOptions } from '../../kernel/process.ts';
import { quoteName } from './dump-tokens.ts';
import { askPsql } from './server-facts.ts';
import { notOfExtension, ownSchemas } from './target-facts.ts';

interface Holdings {
  readonly major: number;
  readonly subscriptions: number;
  readonly schemas: readonly string[];
  readonly tables: readonly (readonly [schema: string, name: string])[];
  readonly extensions: readonly string[];
  readonly eventTriggers: readonly string[];
  readonly publications: readonly string[];
  readonly wrappers: readonly string[];
  readonly languages: readonly string[];
  readonly casts: readonly (readonly [from: string, to: string])[];
  readonly largeObjects: boolean;
}

/** Objects with numbers below are the server's own. */
const firstOwnOid = 16384;

/** Names of what stands in a catalog by itself, the newest first: it may depend on older ones. */
function listOf(value: string, catalog: string, condition: string): string {
  const among = `x.oid >= ${firstOwnOid} and ${notOfExtension('x.oid', catalog)} and ${condition}`;
  return `(select coalesce(json_agg(${value} order by x.oid desc), '[]') from pg_catalog.${catalog} x where ${among})`;
}

const typeName = (oid: string): string => `pg_catalog.format_type(${oid}, null)`;

const question = `select json_build_object(
  'major', current_setting('server_version_num')::int / 10000,
  'subscriptions', (select count(*) from pg_catalog.pg_subscription s
    join pg_catalog.pg_database b on b.oid = s.subdbid where b.datname = current_database()),
  'schemas', (select coalesce(json_agg(n.nspname order by n.nspname), '[]') from pg_catalog.pg_namespace n
    where ${ownSchemas} and ${notOfExtension('n.oid', 'pg_namespace')}),
  'tables', (select coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]')
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where ${ownSchemas} and c.relkind in ('r', 'p') and not c.relispartition and ${notOfExtension('c.oid', 'pg_class')}),
  'extensions', ${listOf('x.extname', 'pg_extension', 'true')},
  'eventTriggers', ${listOf('x.evtname', 'pg_event_trigger', 'true')},
  'publications', ${listOf('x.pubname', 'pg_publication', 'true')},
  'wrappers', ${listOf('x.fdwname', 'pg_foreign_data_wrapper', 'true')},
  'languages', ${listOf('x.lanname', 'pg_language', 'true')},
  'casts', ${listOf(`json_build_array(${typeName('x.castsource')}, ${typeName('x.casttarget')})`, 'pg_cast', 'true')},
  'largeObjects', exists (select from pg_catalog.pg_largeobject_metadata));`;

/** A transaction has room for the locks of so many tables on any server. */
const lockedAtOnce = 100;
const manyTables = 1000;

/** The statements, to be run in one transaction or each in its own. Code `failed` when subscriptions are there. */
export async function emptyingSql(psql: string, options: ProcessOptions): Promise<string> {
  const held = await askPsql<Holdings>(psql, question, options);
  if (held.subscriptions > 0) {
    throw new HoldfastError('failed', 'the database subscribes to another one, and is not emptied', {
      hint: 'drop its subscriptions by hand: the other server takes part in that',
    });
  }
  const drop = (kind: string, names: readonly string[]): string[] =>
    names.map((name) => `DROP ${kind} IF EXISTS ${quoteName(name)} CASCADE;`);
  const statements = [
    "SET client_encoding = 'UTF8';",
    'SET client_min_messages = warning;',
    ...drop('EVENT TRIGGER', held.eventTriggers),
    ...drop('PUBLICATION', held.publications),
    ...held.casts.map(([from, to]) => `DROP CAST IF EXISTS (${from} AS ${to}) CASCADE;`),
    ...drop('FOREIGN DATA WRAPPER', held.wrappers),
    ...(held.tables.length > manyTables ? dropTables(held.tables) : []),
    ...drop('SCHEMA', held.schemas),
    ...drop('EXTENSION', held.extensions),
    ...drop('LANGUAGE', held.languages),
    ...(held.largeObjects
      ? ['SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata;']
      : []),
    ...emptyPublic(held.major),
    'RESET client_min_messages;',
    'RESET client_encoding;',
  ];
  return `${statements.join('\n')}\n`;
}

function dropTables(tables: Holdings['tables']): string[] {
  const statements: string[] = [];
  for (let at = 0; at < tables.length; at += lockedAtOnce) {
    const names = tables.slice(at, at + lockedAtOnce).map((parts) => parts.map(quoteName).join('.'));
    statements.push(`DROP TABLE IF EXISTS ${names.join(', ')} CASCADE;`);
  }
  return statements;
}

/** The schema that every new database has, as initdb makes it. */
function emptyPublic(major: number): string[] {
  const since15 = major >= 15;
  return [
    'CREATE SCHEMA public;',
    ...(since15 ? ['ALTER SCHEMA public OWNER TO pg_database_owner;'] : []),
    `GRANT ${since15 ? 'USAGE' : 'ALL'} ON SCHEMA public TO PUBLIC;`,
    "COMMENT ON SCHEMA public IS 'standard public schema';",
  ];
}
