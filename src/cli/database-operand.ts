/** Databases on the command line: which URL means one, and where its password comes from. */
import { HoldfastError } from '../kernel/errors.ts';
import type { StreamedSource } from '../operations/backup/backup.ts';
import {
  databaseFolder,
  isPostgresUrl,
  parsePostgresUrl,
  type PostgresConnection,
} from '../sources/postgres/connection.ts';
import { postgresSource } from '../sources/postgres/source.ts';
import { setting } from './environment.ts';
import { configuredPassword } from './password.ts';
import { parseCount } from './values.ts';
import type { Invocation } from './verb.ts';

export interface DatabaseFlags {
  stallTimeout?: string;
}

/** The database that the operands of a backup mean; undefined when they are paths. Code `usage`. */
export async function databaseSource(
  { environment, context }: Invocation,
  operands: readonly string[],
  flags: DatabaseFlags,
  timeMs: number | undefined,
): Promise<StreamedSource | undefined> {
  if (!operands.some(isPostgresUrl)) return undefined;
  if (operands.length > 1) {
    throw new HoldfastError('usage', 'a database is backed up by itself', {
      hint: 'make one snapshot for each database, and one for the paths',
    });
  }
  const connection = parsePostgresUrl(operands[0]!);
  const folder = databaseFolder(connection, environment);
  const source = postgresSource({
    connection,
    folder,
    environment,
    password: await databasePassword(connection, environment),
    modified: new Date(timeMs ?? Date.now()),
    stallTimeout: stallTimeout(flags),
    programs: setting(environment, 'POSTGRES_BIN'),
    warn: (message) => context.warn(message),
  });
  return { kind: 'source', source, path: folder };
}

/** The password that a URL refers to; undefined to leave it to libpq: PGPASSWORD and ~/.pgpass. */
export async function databasePassword(
  { password }: PostgresConnection,
  environment: Invocation['environment'],
): Promise<string | undefined> {
  if (!password) return undefined;
  if (password.kind === 'env') {
    const value = environment[password.name];
    if (value) return value;
    throw new HoldfastError('usage', `the variable ${password.name} for the database's password is not set`);
  }
  const choice =
    password.kind === 'file' ? { passwordFile: password.path } : { passwordCommand: password.command };
  const none = { passwordFile: undefined, passwordCommand: undefined, password: undefined };
  const bytes = await configuredPassword({ ...none, insecureNoPassword: false, ...choice });
  return bytes && Buffer.from(bytes).toString();
}

const defaultStallSeconds = 600;

/** Milliseconds; undefined for no limit. */
function stallTimeout(flags: DatabaseFlags): number | undefined {
  const seconds =
    flags.stallTimeout === undefined
      ? defaultStallSeconds
      : parseCount(flags.stallTimeout, '--stall-timeout');
  return seconds === 0 ? undefined : seconds * 1000;
}
