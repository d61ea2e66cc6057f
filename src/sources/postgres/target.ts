/** A PostgreSQL database as a target: a plain dump goes through the stock psql, which stops at the first error. */
import { devNull } from 'node:os';
import { HoldfastError } from '../../kernel/errors.ts';
import { runProcess } from '../../kernel/process.ts';
import { connectionEnvironment, type PostgresConnection } from './connection.ts';
import { findProgram } from './programs.ts';

export interface PostgresTargetOptions {
  readonly connection: PostgresConnection;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** undefined to leave it to PGPASSWORD and ~/.pgpass */
  readonly password: string | undefined;
  /** all or nothing, at the price of locks on everything until the end */
  readonly singleTransaction: boolean;
  /** a folder to look for psql in before all others */
  readonly programs?: string | undefined;
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
}

/** Everything that somebody made in a database: what a restore into it could collide with. */
const countObjects = `
select (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema')
  + (select count(*) from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e'))
  + (select count(*) from pg_catalog.pg_largeobject_metadata);
`;

/**
 * Restores into an empty database. Codes `exists` when it is not empty, `failed` with psql's own words: without
 * `singleTransaction` what came before the error stays there.
 */
export async function restorePostgres(
  dump: AsyncIterable<Uint8Array>,
  options: PostgresTargetOptions,
): Promise<void> {
  const { connection, environment, signal } = options;
  const psql = await findProgram('psql', { environment, signal, folder: options.programs });
  const env = connectionEnvironment(connection, environment, options.password);
  const child = { env, signal, onWarning: options.warn };
  const quiet = ['-X', '-q', '-w', '-v', 'ON_ERROR_STOP=1', '-f', '-'];
  const objects = Number(await runProcess(psql.path, ['-A', '-t', ...quiet], countObjects, child));
  if (objects !== 0) {
    throw new HoldfastError('exists', `the database ${connection.database} is not empty`, {
      hint: 'restore into a new one: createdb makes it',
    });
  }
  const whole = options.singleTransaction ? ['--single-transaction'] : [];
  await runProcess(psql.path, [...quiet, ...whole, '-o', devNull], dump, child);
}
