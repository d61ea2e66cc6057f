/** Databases on the command line: which URL means one, and where its password comes from. */
import { HoldfastError } from '../kernel/errors.ts';
import type { StreamedSource } from '../operations/backup/backup.ts';
import { chooseDatabases } from '../operations/database/choose-databases.ts';
import { loadMasking } from '../operations/database/load-masking.ts';
import type {
  ConnectionOptions,
  DatabaseAddress,
  DatabaseDriver,
  DatabaseSourceOptions,
} from '../sources/database/driver.ts';
import { driverOfUrl, isDatabaseUrl } from '../sources/database/drivers.ts';
import type { PasswordReference } from '../sources/database/password-reference.ts';
import { snapshotFolder } from '../sources/database/snapshot-folder.ts';
import { type DatabaseFlags, databaseChoices, stallTimeout } from './database-flags.ts';
import { setting } from './environment.ts';
import { type FileFlags, refuseFileFlags } from './file-flags.ts';
import { configuredPassword } from './password.ts';
import type { Invocation } from './verb.ts';

/** A database, and what it takes to enter it from this machine. */
interface DatabaseOperand {
  readonly driver: DatabaseDriver;
  readonly address: DatabaseAddress;
  readonly connection: Omit<ConnectionOptions, 'warn'>;
}

/** The database that a URL means. Code `usage`. */
export async function databaseOperand(
  { environment }: Pick<Invocation, 'environment'>,
  url: string,
): Promise<DatabaseOperand> {
  const driver = await driverOfUrl(url);
  const address = driver.address(url, environment);
  return { driver, address, connection: await connectionFor(driver, address.password, environment) };
}

async function connectionFor(
  driver: DatabaseDriver,
  reference: PasswordReference | undefined,
  environment: Invocation['environment'],
): Promise<DatabaseOperand['connection']> {
  const password = await databasePassword(reference, environment);
  const programs = driver.programsSetting && setting(environment, driver.programsSetting);
  return { environment, password, programs };
}

interface DatabaseSources {
  readonly sources: readonly StreamedSource[];
  /** these are those of a server, each of which is backed up whatever becomes of the others */
  readonly ofServer: boolean;
}

/** The databases that the operands of a backup mean; undefined when they are paths. Code `usage`. */
export async function databaseSources(
  invocation: Invocation,
  operands: readonly string[],
  flags: DatabaseFlags & FileFlags,
  timeMs: number | undefined,
): Promise<DatabaseSources | undefined> {
  const chosen = await chosenDatabases(invocation, operands, flags, timeMs);
  if (!chosen) return undefined;
  const { addresses, options, ofServer } = chosen;
  const sources = addresses.map((address) => ({
    kind: 'source' as const,
    source: address.source(options),
    path: snapshotFolder(address.folder, options),
  }));
  return { sources, ofServer };
}

export interface ChosenDatabases {
  readonly driver: DatabaseDriver;
  readonly addresses: readonly DatabaseAddress[];
  readonly options: DatabaseSourceOptions;
  /** these are those of a server, each of which is backed up whatever becomes of the others */
  readonly ofServer: boolean;
}

/** The same, before anything is made of them. */
export async function chosenDatabases(
  invocation: Invocation,
  operands: readonly string[],
  flags: DatabaseFlags & FileFlags,
  timeMs: number | undefined,
): Promise<ChosenDatabases | undefined> {
  if (!operands.some(isDatabaseUrl)) {
    if (flags.mask === undefined) return undefined;
    throw new HoldfastError('usage', '--mask is for databases alone');
  }
  if (operands.length > 1) {
    throw new HoldfastError('usage', 'a database is backed up by itself', {
      hint: 'make one snapshot for each database, and one for the paths',
    });
  }
  const [url] = operands as readonly [string];
  refuseFileFlags(await driverOfUrl(url), flags);
  const { environment, context } = invocation;
  const { driver, addresses, ofServer, connection } = await chooseDatabases({
    ...{ url, environment, signal: context.signal, stallTimeout: stallTimeout(flags) },
    databases: flags.database ?? [],
    excludeDatabases: flags.excludeDatabase ?? [],
    readPassword: (reference) => databasePassword(reference, environment),
    programs: (name) => setting(environment, name),
  });
  const masking = flags.mask === undefined ? undefined : await loadMasking(invocation, flags.mask, driver);
  const options = {
    ...connection,
    masking,
    ...databaseChoices(driver, flags),
    modified: new Date(timeMs ?? Date.now()),
    stallTimeout: stallTimeout(flags),
    warn: (message: string) => invocation.context.warn(message),
  };
  return { driver, addresses, options, ofServer };
}

/** The password that a URL refers to; undefined to leave it to the database's own programs. */
async function databasePassword(
  password: PasswordReference | undefined,
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
