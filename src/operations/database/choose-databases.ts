/** Which databases a URL means, and what it takes to enter them: one, or those that are chosen of a server. */
import { HoldfastError } from '../../kernel/errors.ts';
import type {
  ConnectionOptions,
  DatabaseAddress,
  DatabaseDriver,
  Environment,
} from '../../sources/database/driver.ts';
import { driverOfUrl } from '../../sources/database/drivers.ts';
import type { PasswordReference } from '../../sources/database/password-reference.ts';

export interface DatabaseRequest {
  readonly url: string;
  readonly environment: Environment;
  /** where the password is, whatever the URL says of it */
  readonly password?: PasswordReference | undefined;
  readonly readPassword: (reference: PasswordReference) => Promise<string | undefined>;
  /** a folder to look for the database's own programs in, by the name of the driver's setting */
  readonly programs: (setting: string) => string | undefined;
  /** patterns: of a server, these alone, and without these */
  readonly databases: readonly string[];
  readonly excludeDatabases: readonly string[];
  /** milliseconds */
  readonly stallTimeout: number | undefined;
  readonly signal: AbortSignal;
}

export interface ChosenDatabases {
  readonly driver: DatabaseDriver;
  readonly addresses: readonly DatabaseAddress[];
  /** these are those of a server, each of which is backed up whatever becomes of the others */
  readonly ofServer: boolean;
  readonly connection: Omit<ConnectionOptions, 'warn'>;
}

/** Codes `usage`, `not-found`, those of the password, and the server's. */
export async function chooseDatabases(request: DatabaseRequest): Promise<ChosenDatabases> {
  const { url, environment, databases, excludeDatabases, stallTimeout, signal } = request;
  const driver = await driverOfUrl(url);
  const server = driver.server?.(url);
  if (!server) {
    if (databases.length > 0 || excludeDatabases.length > 0) {
      throw new HoldfastError('usage', 'patterns of databases choose among those of a server', {
        hint: `write its URL with a * for the name, in quotes: '${driver.kinds[0]}://host/*'`,
      });
    }
    const address = driver.address(url, environment);
    const connection = await connect(driver, address.password, request);
    return { driver, addresses: [address], ofServer: false, connection };
  }
  const connection = await connect(driver, server.password, request);
  const names = await server.databases(
    { databases, excludeDatabases },
    { ...connection, stallTimeout, signal },
  );
  const addresses = names.map((name) => driver.address(url, environment, name));
  return { driver, addresses, ofServer: true, connection };
}

async function connect(
  driver: DatabaseDriver,
  ofUrl: PasswordReference | undefined,
  { password = ofUrl, readPassword, programs, environment }: DatabaseRequest,
): Promise<ChosenDatabases['connection']> {
  return {
    environment,
    password: password && (await readPassword(password)),
    programs: driver.programsSetting && programs(driver.programsSetting),
  };
}
