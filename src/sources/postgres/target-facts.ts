/** What a restore must know of the server and the database that it goes to, asked through psql. */
import type { ProcessOptions } from '../../kernel/process.ts';
import type { DatabaseLoss, LostTable } from '../database/restore-plan.ts';
import { quoteName, quoteText } from './dump-tokens.ts';
import { askPsql } from './server-facts.ts';

export interface TargetServer {
  readonly version: string;
  readonly major: number;
  /** whether the database is there */
  readonly exists: boolean;
  readonly settings: readonly string[];
  readonly roles: readonly string[];
  readonly tablespaces: readonly string[];
  /** extensions that could be made */
  readonly extensions: readonly string[];
}

/** Asked in any database of the server. */
export function askTargetServer(
  psql: string,
  database: string,
  options: ProcessOptions,
): Promise<TargetServer> {
  return askPsql(
    psql,
    `select json_build_object(
  'version', current_setting('server_version'),
  'major', current_setting('server_version_num')::int / 10000,
  'exists', exists (select from pg_catalog.pg_database where datname = ${quoteText(database)}),
  'settings', (select json_agg(name) from pg_catalog.pg_settings),
  'roles', (select json_agg(rolname) from pg_catalog.pg_roles),
  'tablespaces', (select json_agg(spcname) from pg_catalog.pg_tablespace),
  'extensions', (select json_agg(name) from pg_catalog.pg_available_extensions));`,
    options,
  );
}

/** Schemas that are not the server's own. */
export const ownSchemas = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** A condition: the object was not made by an extension. */
export const notOfExtension = (oid: string, catalog: string): string =>
  `not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.${catalog}'::regclass and d.objid = ${oid} and d.deptype = 'e')`;

interface Contents {
  readonly encoding: string;
  /** schema, name, rows by the server's estimate (below 0: never counted), bytes, and whether it can be read */
  readonly tables: readonly (readonly [
    schema: string,
    name: string,
    rows: number,
    bytes: number,
    isPopulated: boolean,
  ])[];
  readonly others: number;
  readonly bytes: number;
}

/** Everything that somebody made in a database: what a restore into it could collide with. */
function contentsQuestion(schema: string | undefined, table: string | undefined): string {
  const among = [
    ownSchemas,
    ...(schema === undefined ? [] : [`n.nspname = ${quoteText(schema)}`]),
    ...(table === undefined ? [] : [`c.relname = ${quoteText(table)}`]),
  ].join(' and ');
  const whole = schema === undefined;
  const count = (from: string): string => `(select count(*) from ${from})`;
  const others = [
    count(`pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where ${among} and c.relkind not in ('r', 'm', 'i', 'I', 't') and ${notOfExtension('c.oid', 'pg_class')}`),
    ...(table !== undefined
      ? []
      : [
          count(`pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where ${among} and ${notOfExtension('p.oid', 'pg_proc')}`),
          count(`pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
      where ${among} and t.typtype in ('d', 'e', 'r') and ${notOfExtension('t.oid', 'pg_type')}`),
        ]),
    ...(whole
      ? [
          count('pg_catalog.pg_largeobject_metadata'),
          count(
            `pg_catalog.pg_namespace n where ${ownSchemas} and n.nspname <> 'public' and ${notOfExtension('n.oid', 'pg_namespace')}`,
          ),
        ]
      : []),
  ];
  return `select json_build_object(
  'encoding', current_setting('server_encoding'),
  'tables', (select coalesce(json_agg(json_build_array(n.nspname, c.relname, c.reltuples, pg_catalog.pg_total_relation_size(c.oid),
        c.relispopulated)
      order by n.nspname, c.relname), '[]')
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where ${among} and c.relkind in ('r', 'm') and ${notOfExtension('c.oid', 'pg_class')}),
  'others', ${others.join('\n    + ')});`;
}

/** Tables larger than this are not counted: the server's own estimate has to do. */
const countedBytes = 64 * 1024 * 1024;
const countedAtOnce = 200;

export interface TargetContents {
  readonly encoding: string;
  readonly tables: readonly LostTable[];
  readonly others: number;
}

/** What is in a database, in one schema of it, or of one table. */
export async function askContents(
  psql: string,
  options: ProcessOptions,
  schema?: string,
  table?: string,
): Promise<TargetContents> {
  const { encoding, tables, others } = await askPsql<Contents>(
    psql,
    contentsQuestion(schema, table),
    options,
  );
  const small = tables.filter(
    ([, , rows, bytes, isPopulated]) => isPopulated && (bytes <= countedBytes || rows < 0),
  );
  const counts = new Map<(typeof small)[number], number>();
  for (let at = 0; at < small.length; at += countedAtOnce) {
    const some = small.slice(at, at + countedAtOnce);
    const names = some.map(([schema, name]) => `${quoteName(schema)}.${quoteName(name)}`);
    const query = `select json_build_array(${names.map((name) => `(select count(*) from ${name})`).join(', ')});`;
    const rows = await askPsql<number[]>(psql, query, options);
    for (const [i, found] of some.entries()) counts.set(found, rows[i]!);
  }
  return {
    encoding,
    others,
    tables: tables.map((found) => {
      const [schema, name, estimate, bytes, isPopulated] = found;
      // a materialized view without data has none, and must not be asked
      const counted = isPopulated ? counts.get(found) : 0;
      const rows = counted ?? Math.round(estimate);
      return { name: `${schema}.${name}`, rows, exact: counted !== undefined, bytes };
    }),
  };
}

/** Undefined when there is nothing to lose. */
export function lossOf(what: string, { tables, others }: TargetContents): DatabaseLoss | undefined {
  return tables.length === 0 && others === 0 ? undefined : { what, tables, others };
}
