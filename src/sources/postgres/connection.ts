/** Which PostgreSQL database is meant, and the environment through which PostgreSQL's own programs find and enter it. */
import { decode, usage } from '../database/database-url.ts';
import { meansEveryDatabase } from '../database/every-database.ts';
import { nameInPath } from '../database/name-in-path.ts';
import { passwordReference, type PasswordReference } from '../database/password-reference.ts';

export interface PostgresConnection {
  /** a name, an address, or the folder of a socket; undefined for PostgreSQL's own rule */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly database: string;
  /** other settings of the connection, as variables of the environment that libpq reads */
  readonly variables: Readonly<Record<string, string>>;
  readonly password: PasswordReference | undefined;
}

/** Stands for a host that is left out; no host can be called so. */
const noHost = '-';
const schemes = ['postgres:', 'postgresql:'];

/** Parameters of a URL that libpq knows under another name in the environment. */
const parameterVariables: Readonly<Record<string, string>> = {
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslcrl: 'PGSSLCRL',
  ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION',
  channel_binding: 'PGCHANNELBINDING',
  gssencmode: 'PGGSSENCMODE',
  krbsrvname: 'PGKRBSRVNAME',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  passfile: 'PGPASSFILE',
};

/**
 * Code `usage`. The text of a URL is never repeated in an error: it may hold a password after all.
 * @param named the database that is meant, whatever the URL says
 */
export function parsePostgresUrl(text: string, named?: string): PostgresConnection {
  let url: URL;
  try {
    // libpq allows a user without a host, the standard for URLs does not
    url = new URL(text.replace(/^(\w+:\/\/[^/?#]*@)(?=[/?]|$)/, `$1${noHost}`));
  } catch (cause) {
    throw usage('the database is no valid URL', 'write it as postgres://user@host:5432/database', cause);
  }
  if (!schemes.includes(url.protocol)) throw usage('the URL is not one of PostgreSQL');
  if (url.password !== '') {
    throw usage(
      'a password in a URL can be seen by everybody on this machine',
      'use ~/.pgpass, PGPASSWORD, or ?password_file=, ?password_env= or ?password_command= in the URL',
    );
  }
  const variables: Record<string, string> = {};
  let host = url.hostname === noHost ? '' : decode(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  let port = url.port;
  let password: PasswordReference | undefined;
  for (const [name, value] of url.searchParams) {
    const variable = parameterVariables[name];
    if (variable !== undefined) variables[variable] = value;
    else if (name === 'host') host = value;
    else if (name === 'port') port = value;
    else {
      password = passwordReference(name, value);
      if (!password) throw usage(`the database's URL has a parameter "${name}" that is not known`);
    }
  }
  if (named === undefined && meansEveryDatabase(text)) {
    throw usage('the URL means all databases of a server, and one is wanted here');
  }
  const database = named ?? decode(url.pathname.slice(1));
  if (database === '') throw usage('the URL names no database', 'add its name: postgres://host/database');
  if (database.includes('\0')) throw usage('the name of the database makes no sense');
  if (port !== '' && !/^\d{1,5}$/.test(port)) throw usage(`"${port}" is no port`);
  return {
    host: host === '' ? undefined : host,
    port: port === '' ? undefined : Number(port),
    user: url.username === '' ? undefined : decode(url.username),
    database,
    variables,
    password,
  };
}

/** Variables of our own environment that PostgreSQL's programs may see. */
const passedOn =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_.*|TMPDIR|LD_LIBRARY_PATH|KRB5.*|SYSTEMROOT|APPDATA|PG.*)$/;
/** Variables that would change what a dump looks like. */
const kept = ['PGCLIENTENCODING', 'PGDATESTYLE', 'PGOPTIONS', 'PGDATABASE', 'PGSERVICE'];

/**
 * The environment for psql, pg_dump and pg_restore. Names go through it and not through arguments, where a database
 * called `a=b` would be taken for a list of settings. Times are told in UTC, so that nights can be compared.
 */
export function connectionEnvironment(
  connection: PostgresConnection,
  environment: Readonly<Record<string, string | undefined>>,
  password: string | undefined,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && passedOn.test(name) && !kept.includes(name)) env[name] = value;
  }
  const { host, port, user, database } = connection;
  if (host !== undefined) {
    env['PGHOST'] = host;
    // an address would win over the name
    delete env['PGHOSTADDR'];
  }
  if (port !== undefined) env['PGPORT'] = String(port);
  if (user !== undefined) env['PGUSER'] = user;
  if (password !== undefined) env['PGPASSWORD'] = password;
  return {
    PGCONNECT_TIMEOUT: '30',
    ...env,
    ...connection.variables,
    PGDATABASE: database,
    PGAPPNAME: 'holdfast',
    PGTZ: 'UTC',
  };
}

/** Where the database stands in snapshots: `/postgres/HOST_PORT/DATABASE`. */
export function databaseFolder(
  connection: PostgresConnection,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const host = connection.host ?? environment['PGHOST'] ?? 'localhost';
  const port = connection.port ?? environment['PGPORT'] ?? '5432';
  return `/postgres/${nameInPath(host)}_${port}/${nameInPath(connection.database)}`;
}
