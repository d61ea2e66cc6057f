/** How a server is entered: with which client, and what it and the database say of themselves. */
import { HoldfastError } from '../../kernel/errors.ts';
import { type ProcessOptions, runProcess } from '../../kernel/process.ts';
import type { ConnectionOptions } from '../database/driver.ts';
import {
  connectionArguments,
  connectionEnvironment,
  type Family,
  type MysqlConnection,
} from './connection.ts';
import { explainEntering } from './entering-hint.ts';
import { openOptionFile } from './option-file.ts';
import { findPrograms, type FoundProgram, type ProgramSearch } from './programs.ts';

export interface Server {
  readonly family: Family;
  /** `10.11.19` */
  readonly version: string;
  /** as the server tells it: `10.11.19-MariaDB-0+deb12u1` */
  readonly fullVersion: string;
}

export interface Session extends AsyncDisposable {
  readonly server: Server;
  readonly search: ProgramSearch;
  /** for all programs */
  readonly child: ProcessOptions;
  /** What enters the server, for a program of a family; they come first among its arguments. */
  enter(program: Pick<FoundProgram, 'family'>): string[];
  /** Runs SQL, in the database unless told otherwise; rows as lines, columns parted by tabs. Code `failed`. */
  query(sql: string, database?: string): Promise<string>;
}

const queryArguments = ['--batch', '--skip-column-names', '--raw', '--skip-auto-rehash', '--binary-mode'];

/** Codes `failed` with the client's own words, `interrupted`. */
export async function openSession(
  connection: MysqlConnection,
  options: Omit<ConnectionOptions, 'warn'> & {
    readonly signal: AbortSignal;
    readonly stallTimeout?: number | undefined;
  },
): Promise<Session> {
  const { environment, signal } = options;
  const search = { environment, signal, folder: options.programs };
  const clients = await clientsFor(connection.family, search);
  const optionFile = await openOptionFile(options.password, environment);
  try {
    const child = { env: connectionEnvironment(environment), signal, stallTimeout: options.stallTimeout };
    const enter = ({ family }: Pick<FoundProgram, 'family'>): string[] => [
      ...optionFile.args,
      ...connectionArguments(connection, family),
      '--default-character-set=utf8mb4',
    ];
    const run = (client: FoundProgram, sql: string, database?: string): Promise<string> => {
      const named = database === undefined ? [] : [`--database=${database}`];
      const args = [...enter(client), '--connect-timeout=30', ...queryArguments, ...named];
      return runProcess(client.path, args, sql, child).catch(explainEntering);
    };
    const { client, fullVersion } = await firstThatEnters(clients, (client) =>
      run(client, 'select version();'),
    );
    const family = fullVersion.includes('MariaDB') ? 'mariadb' : 'mysql';
    const version = /^\d+\.\d+(?:\.\d+)?/.exec(fullVersion)?.[0] ?? '0.0';
    return {
      server: { family, version, fullVersion },
      search,
      child,
      enter,
      query: (sql, database = connection.database) =>
        run(client, sql, database === '' ? undefined : database),
      [Symbol.asyncDispose]: () => optionFile[Symbol.asyncDispose](),
    };
  } catch (error) {
    await optionFile[Symbol.asyncDispose]();
    throw error;
  }
}

/** One of each family, that of the URL first: newer servers want ways to log in that the other's clients lack. */
async function clientsFor(family: Family, search: ProgramSearch): Promise<FoundProgram[]> {
  const found = await findPrograms('client', search);
  const clients = [family, family === 'mysql' ? 'mariadb' : 'mysql']
    .map((wanted) => found.find((client) => client.family === wanted))
    .filter((client) => client !== undefined);
  if (clients.length > 0) return clients;
  throw new HoldfastError('failed', 'no client of MySQL or MariaDB is installed', {
    hint: `install the package ${family}-client, or name the folder of ${family} with HOLDFAST_MYSQL_BIN`,
  });
}

async function firstThatEnters(
  clients: readonly FoundProgram[],
  ask: (client: FoundProgram) => Promise<string>,
): Promise<{ client: FoundProgram; fullVersion: string }> {
  let first: unknown;
  for (const client of clients) {
    try {
      return { client, fullVersion: (await ask(client)).trim() };
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'failed') throw error;
      first ??= error;
    }
  }
  throw first;
}
