/** What a server says of itself and of a database, asked through psql. */
import { HoldfastError } from '../../kernel/errors.ts';
import { runProcess, type ProcessOptions } from '../../kernel/process.ts';
import type { DatabaseLocale } from '../database/evidence.ts';
import { localeQuestion } from './create-database.ts';
import { explainEntering } from './entering-hint.ts';

export interface ServerFacts {
  /** as the server tells it: `15.14 (Debian 15.14-0+deb12u1)` */
  readonly version: string;
  readonly major: number;
  readonly encoding: string;
  readonly locale: DatabaseLocale;
  /** whether the user may read the hashes of passwords */
  readonly readsPasswords: boolean;
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  /** schema, name, and bytes on disk of each table */
  readonly tables: readonly (readonly [schema: string, table: string, bytes: number])[];
}

const question = `
select json_build_object(
  'version', current_setting('server_version'),
  'major', current_setting('server_version_num')::int / 10000,
  'encoding', current_setting('server_encoding'),
  'locale', ${localeQuestion},
  'readsPasswords', pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select'),
  'extensions', (select coalesce(json_agg(json_build_object('name', extname, 'version', extversion) order by extname), '[]')
    from pg_catalog.pg_extension),
  'tables', (select coalesce(json_agg(json_build_array(n.nspname, c.relname, pg_catalog.pg_table_size(c.oid))), '[]')
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'));
`;

export function askServer(psql: string, options: ProcessOptions): Promise<ServerFacts> {
  return askPsql(psql, question, options);
}

/** A database of the encoding SQL_ASCII has names of any bytes, which the server does not give out as UTF-8. */
const rawNames = String.raw`select pg_catalog.set_config('client_encoding',
  case pg_catalog.getdatabaseencoding() when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end, false) as encoding \gset
`;

/** The JSON that a query answers. Code `failed` with psql's own words when the database cannot be asked. */
export async function askPsql<Answer>(
  psql: string,
  question: string,
  options: ProcessOptions,
): Promise<Answer> {
  const env = { ...options.env, PGCLIENTENCODING: 'UTF8' };
  const args = ['-X', '-q', '-A', '-t', '-w', '-v', 'ON_ERROR_STOP=1', '-f', '-'];
  const answer = await runProcess(psql, args, rawNames + question, { ...options, env }).catch(
    explainEntering,
  );
  try {
    return JSON.parse(answer) as Answer;
  } catch (cause) {
    throw new HoldfastError('failed', 'psql gave no answer that makes sense', { cause });
  }
}
