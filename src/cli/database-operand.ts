/** Databases on the command line: which URL means one, and where its password comes from. */
import { HoldfastError } from '../kernel/errors.ts';
import type { StreamedSource } from '../operations/backup/backup.ts';
import type { ConnectionOptions, DatabaseAddress, DatabaseDriver } from '../sources/database/driver.ts';
import { driverOfUrl, isDatabaseUrl } from '../sources/database/drivers.ts';
import type { PasswordReference } from '../sources/database/password-reference.ts';
import { maskedFolder } from '../sources/masking/masking.ts';
import { type DatabaseFlags, databaseChoices, stallTimeout } from './database-flags.ts';
import { setting } from './environment.ts';
import { configuredPassword } from './password.ts';
import { loadMasking } from './masking-flags.ts';
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
  const password = await databasePassword(address.password, environment);
  const programs = driver.programsSetting && setting(environment, driver.programsSetting);
  return { driver, address, connection: { environment, password, programs } };
}

/** The database that the operands of a backup mean; undefined when they are paths. Code `usage`. */
export async function databaseSource(
  invocation: Invocation,
  operands: readonly string[],
  flags: DatabaseFlags,
  timeMs: number | undefined,
): Promise<StreamedSource | undefined> {
  if (!operands.some(isDatabaseUrl)) {
    if (flags.mask === undefined) return undefined;
    throw new HoldfastError('usage', '--mask is for databases alone');
  }
  if (operands.length > 1) {
    throw new HoldfastError('usage', 'a database is backed up by itself', {
      hint: 'make one snapshot for each database, and one for the paths',
    });
  }
  const { driver, address, connection } = await databaseOperand(invocation, operands[0]!);
  const masking = flags.mask === undefined ? undefined : await loadMasking(invocation, flags.mask, driver);
  const source = address.source({
    ...connection,
    masking,
    ...databaseChoices(driver, flags),
    modified: new Date(timeMs ?? Date.now()),
    stallTimeout: stallTimeout(flags),
    warn: (message) => invocation.context.warn(message),
  });
  return { kind: 'source', source, path: masking ? maskedFolder(address.folder) : address.folder };
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
