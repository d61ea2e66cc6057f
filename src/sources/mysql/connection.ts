/** Which database of MySQL or MariaDB is meant, and the arguments and environment with which their programs enter it. */
import type { Environment } from '../database/driver.ts';
import { decode, usage } from '../database/database-url.ts';
import { meansEveryDatabase } from '../database/every-database.ts';
import { nameInPath } from '../database/name-in-path.ts';
import { passwordReference, type PasswordReference } from '../database/password-reference.ts';

/** Whose server or program: each family's programs are for its own servers. */
export type Family = 'mysql' | 'mariadb';

export interface MysqlConnection {
  /** what the URL says; the server may be of the other family */
  readonly family: Family;
  /** a name or an address; undefined for the programs' own rule */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly socket: string | undefined;
  readonly user: string | undefined;
  readonly database: string;
  /** in MySQL's words: DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY */
  readonly sslMode: string | undefined;
  /** other options of TLS, by the names that both families' programs have */
  readonly tls: Readonly<Record<string, string>>;
  readonly password: PasswordReference | undefined;
}

/** Stands for a host that is left out; no host can be called so. */
const noHost = '-';
const families: Readonly<Record<string, Family>> = { 'mysql:': 'mysql', 'mariadb:': 'mariadb' };
const sslModes = ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'];
const tlsOptions = [
  'ssl-ca',
  'ssl-capath',
  'ssl-cert',
  'ssl-key',
  'ssl-crl',
  'ssl-crlpath',
  'ssl-cipher',
  'tls-version',
];

/**
 * Code `usage`. The text of a URL is never repeated in an error: it may hold a password after all.
 * @param named the database that is meant, whatever the URL says
 */
export function parseMysqlUrl(text: string, named?: string): MysqlConnection {
  let url: URL;
  try {
    // a user without a host makes sense with a socket, the standard for URLs does not allow it
    url = new URL(text.replace(/^(\w+:\/\/[^/?#]*@)(?=[/?]|$)/, `$1${noHost}`));
  } catch (cause) {
    throw usage('the database is no valid URL', 'write it as mysql://user@host:3306/database', cause);
  }
  const family = families[url.protocol];
  if (!family) throw usage('the URL is not one of MySQL or MariaDB');
  if (url.password !== '') {
    throw usage(
      'a password in a URL can be seen by everybody on this machine',
      'use ~/.my.cnf, MYSQL_PWD, or ?password_file=, ?password_env= or ?password_command= in the URL',
    );
  }
  let socket: string | undefined;
  let sslMode: string | undefined;
  let password: PasswordReference | undefined;
  const tls: Record<string, string> = {};
  for (const [given, value] of url.searchParams) {
    const name = given.replaceAll('_', '-').toLowerCase();
    if (name === 'socket') socket = value;
    else if (name === 'ssl-mode') sslMode = value.toUpperCase().replaceAll('-', '_');
    else if (tlsOptions.includes(name)) tls[name] = value;
    else {
      password = passwordReference(given, value);
      if (!password) throw usage(`the database's URL has a parameter "${given}" that is not known`);
    }
  }
  if (sslMode !== undefined && !sslModes.includes(sslMode)) {
    throw usage(`ssl-mode "${sslMode}" is not one of ${sslModes.join(', ')}`);
  }
  if (named === undefined && meansEveryDatabase(text)) {
    throw usage('the URL means all databases of a server, and one is wanted here');
  }
  const database = named ?? decode(url.pathname.slice(1));
  if (database === '')
    throw usage('the URL names no database', `add its name: ${url.protocol}//host/database`);
  if (database.includes('\0')) throw usage('the name of the database makes no sense');
  const host = url.hostname === noHost ? '' : decode(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  return {
    family,
    host: host === '' ? undefined : host,
    port: url.port === '' ? undefined : Number(url.port),
    socket,
    user: url.username === '' ? undefined : decode(url.username),
    database,
    sslMode,
    tls,
    password,
  };
}

/** Variables of our own environment that the programs may see. */
const passedOn =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_.*|TMPDIR|LD_LIBRARY_PATH|SYSTEMROOT|APPDATA|LIBMYSQL_.*|MARIADB_.*|MYSQL_(?:PWD|HOME|TCP_PORT|UNIX_PORT|TEST_LOGIN_FILE))$/;

export function connectionEnvironment(environment: Environment): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && passedOn.test(name)) env[name] = value;
  }
  return env;
}

/** How a program of a family is told where to go and how safely. No secrets: those go through a file. */
export function connectionArguments(connection: MysqlConnection, program: Family): string[] {
  const { host, port, socket, user, sslMode, tls } = connection;
  const args: string[] = [];
  if (host !== undefined) args.push(`--host=${host}`);
  if (port !== undefined) args.push(`--port=${port}`);
  if (socket !== undefined) args.push(`--socket=${socket}`, '--protocol=socket');
  // localhost alone means the socket to them, but a port was given for a reason
  else if (port !== undefined) args.push('--protocol=tcp');
  if (user !== undefined) args.push(`--user=${user}`);
  for (const [name, value] of Object.entries(tls)) args.push(`--${name}=${value}`);
  return sslMode === undefined ? args : [...args, ...encryption(sslMode, program)];
}

function encryption(mode: string, program: Family): string[] {
  if (program === 'mysql') return [`--ssl-mode=${mode}`];
  if (mode === 'DISABLED') return ['--skip-ssl'];
  // by itself --ssl is a wish: only who checks the certificate does not go on without TLS
  return mode === 'PREFERRED' ? [] : ['--ssl', '--ssl-verify-server-cert'];
}

/** Where the database stands in snapshots: `/mysql/HOST_PORT/DATABASE`, `/mariadb/HOST_PORT/DATABASE`. */
export function databaseFolder(connection: MysqlConnection, environment: Environment): string {
  const host = connection.socket ?? connection.host ?? 'localhost';
  const port = connection.port ?? environment['MYSQL_TCP_PORT'] ?? '3306';
  return `/${connection.family}/${nameInPath(host)}_${port}/${nameInPath(connection.database)}`;
}
