/** Reads backup.conf of backup-container: databases, and when what is run. What is wrong with a line spoils no other. */
import { Cron } from 'croner';
import { HoldfastError, messageOf } from '../kernel/errors.ts';

/** `postgres`, `mysql` and `mariadb` can be backed up; the others are known to be refused. */
export const databaseTypes = ['postgres', 'mysql', 'mariadb', 'mongo', 'mssql'] as const;
export type DatabaseType = (typeof databaseTypes)[number];

/** `[type=]host[:port]/database[?option=value&...]` */
export interface DatabaseSpec {
  /** as it was written, without options */
  readonly text: string;
  /** undefined when it is not said */
  readonly type: DatabaseType | undefined;
  /** an IPv6 address without its brackets */
  readonly host: string;
  readonly port: number | undefined;
  readonly database: string;
  /** the schema in which verification looks for tables; undefined for that of the environment */
  readonly verifySchema: string | undefined;
  /** patterns of names */
  readonly excludeTables: readonly string[];
  /** tables that are taken without their rows */
  readonly excludeTableData: readonly string[];
}

export interface DatabaseLine extends DatabaseSpec {
  /** counted from 1 */
  readonly line: number;
}

/** `0 1 * * * default ./backup.sh -s` */
export interface ScheduleLine {
  readonly line: number;
  /** as it was written */
  readonly text: string;
  readonly when: When;
  /** for a shell */
  readonly command: string;
}

export interface When {
  /** five fields, a word such as `@daily`, or `@every 90m` */
  readonly pattern: string;
  /** of `@every 90m`: seconds from one start to the next */
  readonly everySeconds?: number;
}

export interface ConfProblem {
  readonly line: number;
  /** with the file and the line */
  readonly message: string;
  /** meant as a schedule: every database is backed up without it */
  readonly ofSchedule: boolean;
}

export interface BackupConf {
  /** in the order of the file, which is that of the runs */
  readonly databases: readonly DatabaseLine[];
  readonly schedules: readonly ScheduleLine[];
  readonly problems: readonly ConfProblem[];
}

/** A field of minutes, or a word that stands for all fields. */
const scheduleStart = /^(?:@|[\d*][\d*,/-]*\s)/;

/** @param file what messages call it */
export function parseBackupConf(text: string, file: string): BackupConf {
  const databases: DatabaseLine[] = [];
  const schedules: ScheduleLine[] = [];
  const problems: ConfProblem[] = [];
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = i + 1;
    // within a word # is part of a name; what a shell takes for a comment in a command is left to it
    const content = raw.replace(/(?:^|\s)#.*$/, '').trim();
    if (content === '') continue;
    try {
      if (/\s/.test(content)) schedules.push({ line, text: raw.trim(), ...parseSchedule(raw.trim()) });
      else databases.push({ line, ...parseDatabaseSpec(content) });
    } catch (error) {
      const ofSchedule = scheduleStart.test(content);
      problems.push({ line, message: `${file}:${line}: ${messageOf(error)}`, ofSchedule });
    }
  }
  return { databases, schedules, problems };
}

const knownOptions = ['verifySchema', 'exclude-table', 'exclude-table-data'];

/** A line of the file, or what follows -r and -v. Code `usage`. */
export function parseDatabaseSpec(given: string): DatabaseSpec {
  const [text = '', ...rest] = given.split('?');
  const typed = /^([^=/:[]*)=(.*)$/s.exec(text);
  const place = typed ? typed[2]! : text;
  const parts = /^(\[[^\]/]+\]|[^/:[\]]*)(?::([^/]*))?(?:\/(.*))?$/s.exec(place);
  const form = '[type=]host[:port]/database';
  if (!parts) throw usage(`"${text}" names no database`, form);
  const host = parts[1]!.replace(/^\[(.*)\]$/, '$1');
  const [, , port, database] = parts;
  if (host === '') throw usage(`"${text}" names no host`, form);
  if (database === undefined || database === '') throw usage(`"${text}" names no database`, form);
  if (database.includes('/')) throw usage(`"${text}" has more than a host and a database`, form);
  if (port !== undefined && !isPort(port)) throw usage(`"${port}" in "${text}" is no port`, form);
  const options = new URLSearchParams(rest.join('?'));
  for (const name of options.keys()) {
    if (!knownOptions.includes(name)) {
      throw usage(`there is no option "${name}"`, `known are ${knownOptions.join(', ')}`);
    }
  }
  return {
    text,
    type: typed ? typeOf(typed[1]!) : undefined,
    host,
    port: port === undefined ? undefined : Number(port),
    database,
    verifySchema: options.get('verifySchema') || undefined,
    excludeTables: options.getAll('exclude-table'),
    excludeTableData: options.getAll('exclude-table-data'),
  };
}

/** The variables in which a host's user and password stand: `WALLET_DB_USER` for `wallet-db`. */
export function credentialNames(host: string): { readonly user: string; readonly password: string } {
  // no shell lets a variable have a dot in its name
  const prefix = host.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_');
  return { user: `${prefix}_USER`, password: `${prefix}_PASSWORD` };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function typeOf(text: string): DatabaseType {
  const name = text.toLowerCase();
  const known = databaseTypes.find((type) => type === name);
  if (known) return known;
  throw usage(`there is no kind of database called "${text}"`, `known are ${databaseTypes.join(', ')}`);
}

function parseSchedule(text: string): { when: When; command: string } {
  const [, fields, rest] = /^(@every\s+\S+|@\S+|\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/s.exec(text) ?? [];
  if (fields === undefined || rest === undefined) {
    throw usage(
      `"${text}" is neither a database nor a schedule`,
      'minute hour day month weekday user command',
    );
  }
  // who runs it: there is one user here, and some leave it out
  const [, command] = /^[\w.-]+\s+(\S.*)$/s.exec(rest) ?? [];
  const when = parseWhen(fields);
  if (command !== undefined && !/^backup\.sh\s/.test(rest)) return { when, command };
  if (/^\S*backup\.sh(?:\s|$)/.test(rest) || rest.includes('/')) return { when, command: rest };
  throw usage(`"${text}" runs nothing`, 'minute hour day month weekday user command');
}

function parseWhen(fields: string): When {
  const every = /^@every\s+(\S+)$/.exec(fields)?.[1];
  if (every !== undefined) return { pattern: `@every ${every}`, everySeconds: secondsOf(every) };
  const pattern = fields.replaceAll(/\s+/g, ' ');
  try {
    new Cron(pattern, { paused: true }).stop();
  } catch (error) {
    throw new HoldfastError('usage', `"${pattern}" is no schedule: ${messageOf(error)}`, { cause: error });
  }
  return { pattern };
}

/** Of `1h30m`, as go-crond has it. */
function secondsOf(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };
  const total = [...text.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit!]!,
    0,
  );
  if (/^(?:\d+[hms])+$/.test(text) && total > 0) return total;
  throw usage(`"${text}" is no time between two runs`, 'such as 90m or 1h30m');
}

function usage(message: string, expected: string): HoldfastError {
  return new HoldfastError('usage', `${message} (${expected})`);
}
