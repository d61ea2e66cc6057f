/** The environment of backup-container: the same variables with the same defaults, an empty one as if it were not there. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Environment } from '../environment.ts';
import type { BackupStrategy } from '../../operations/backup-container/prune.ts';

export interface ContainerSettings {
  /** backup.conf, which need not be there */
  readonly confFile: string;
  readonly folder: string;
  /** undefined when the variables make no sense */
  readonly strategy: BackupStrategy | undefined;
  readonly minSizeRatio: number;
  /** as it was written, for a sleep of the legacy loop; and in milliseconds */
  readonly period: string;
  readonly periodMs: number;
  readonly tableSchema: string;
  /** milliseconds that the server of a verification has to start */
  readonly serverTimeout: number;
  /** milliseconds without a byte after which a database that is dumped is taken for stuck; undefined for ever */
  readonly stallTimeout: number | undefined;
  readonly s3: S3Settings | undefined;
  readonly ftp: FtpSettings | undefined;
  readonly webhook: WebhookSettings | undefined;
  readonly pagerDuty: { readonly url: string; readonly serviceKey: string } | undefined;
  readonly friendlyName: string;
  readonly name: string;
  /** the kind of database that lines without one mean; lines of others are passed over when it is set */
  readonly containerType: string | undefined;
  /** what is wrong, in sentences */
  readonly problems: readonly string[];
}

export interface S3Settings {
  /** a URL */
  readonly endpoint: string;
  readonly bucket: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

export interface FtpSettings {
  /** as it was given, without user and password */
  readonly url: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

export interface WebhookSettings {
  readonly url: string;
  readonly format: 'form' | 'json';
}

export function readContainerSettings(environment: Environment): ContainerSettings {
  const problems: string[] = [];
  const text = (name: string): string | undefined => environment[name] || undefined;
  const count = (name: string, fallback: number): number => {
    const value = text(name);
    if (value === undefined) return fallback;
    if (/^-?\d{1,6}$/.test(value.trim())) return Number(value);
    problems.push(`${name} is "${value}", and must be a number`);
    return fallback;
  };
  const strategy = strategyOf(text('BACKUP_STRATEGY') ?? 'rolling', count, problems);
  const period = text('BACKUP_PERIOD') ?? '1d';
  const periodMs = millisecondsOf(period);
  if (periodMs === undefined)
    problems.push(`BACKUP_PERIOD is "${period}", and must be such as 1d, 12h or 30m`);
  const ratio = Number(text('MIN_SIZE_RATIO') ?? '0.5');
  if (!(ratio >= 0 && ratio <= 1)) problems.push('MIN_SIZE_RATIO must be a number from 0 to 1');
  return {
    confFile: confFile(text('BACKUP_CONF')),
    folder: resolve(text('ROOT_BACKUP_DIR') ?? text('BACKUP_DIR') ?? '/backups/'),
    strategy,
    minSizeRatio: ratio,
    ...{ period, periodMs: periodMs ?? 86_400_000 },
    tableSchema: text('TABLE_SCHEMA') ?? 'public',
    serverTimeout: count('DATABASE_SERVER_TIMEOUT', 120) * 1000,
    stallTimeout: count('DATABASE_STALL_TIMEOUT', 600) * 1000 || undefined,
    s3: s3Settings(text, problems),
    ftp: ftpSettings(text, problems),
    webhook: webhookSettings(text, problems),
    pagerDuty: pagerDutySettings(text, problems),
    friendlyName: text('ENVIRONMENT_FRIENDLY_NAME') ?? '',
    name: text('ENVIRONMENT_NAME') ?? '',
    containerType: text('CONTAINER_TYPE')?.toLowerCase(),
    problems,
  };
}

/** The database of those who have no file: DATABASE_SERVICE_NAME, POSTGRESQL_DATABASE. */
export function databaseOfEnvironment(environment: Environment): string {
  const host = environment['DATABASE_SERVICE_NAME'] || 'postgresql';
  const port = environment['POSTGRESQL_PORT_NUM'] || '5432';
  const database = environment['POSTGRESQL_DATABASE'] || environment['DATABASE_NAME'] || 'my_postgres_db';
  return `${host}:${port}/${database}`;
}

type Read = (name: string) => string | undefined;

/** The script always runs in the root folder, where its file is. */
function confFile(given: string | undefined): string {
  const name = given ?? 'backup.conf';
  const here = resolve(name);
  const atRoot = resolve('/', name);
  return !existsSync(here) && existsSync(atRoot) ? atRoot : here;
}

function strategyOf(
  given: string,
  count: (name: string, fallback: number) => number,
  problems: string[],
): BackupStrategy | undefined {
  const newest = count('NUM_BACKUPS', 31);
  const daily = count('DAILY_BACKUPS', 6);
  const weekly = count('WEEKLY_BACKUPS', 4);
  const monthly = count('MONTHLY_BACKUPS', 1);
  const positive = (value: number): number => Math.max(0, value);
  const none = daily <= 0 && weekly <= 0 && monthly <= 0;
  const counts = { daily: none ? 1 : positive(daily), weekly: positive(weekly), monthly: positive(monthly) };
  const name = given.toLowerCase();
  if (name === 'rolling' && weekly >= 0 && monthly >= 0) {
    return { kind: 'rolling', counts, newest: positive(newest) };
  }
  if (name === 'daily' || (name === 'rolling' && weekly < 0)) {
    return { kind: 'daily', counts, newest: positive(newest) };
  }
  problems.push(
    name === 'rolling'
      ? `MONTHLY_BACKUPS is ${monthly}, and must not be below 0`
      : `BACKUP_STRATEGY is "${given}", and must be rolling or daily`,
  );
  return undefined;
}

/** As `sleep` takes it: several parts are added, and a number by itself is seconds. */
function millisecondsOf(text: string): number | undefined {
  const units: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1, '': 1 };
  let seconds = 0;
  for (const part of text.trim().split(/\s+/)) {
    const [, number, unit] = /^(\d+(?:\.\d+)?)([dhms]?)$/.exec(part) ?? [];
    if (number === undefined) return undefined;
    seconds += Number(number) * units[unit!]!;
  }
  return seconds > 0 ? seconds * 1000 : undefined;
}

function s3Settings(text: Read, problems: string[]): S3Settings | undefined {
  const endpoint = text('S3_ENDPOINT');
  if (endpoint === undefined) return undefined;
  const url = URL.parse(/^https?:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`);
  if (!url || url.pathname !== '/') problems.push('S3_ENDPOINT must be a URL such as https://s3.example.com');
  const bucket = text('S3_BUCKET');
  if (bucket === undefined) problems.push('S3_ENDPOINT is set, and S3_BUCKET is not');
  if (!url || bucket === undefined) return undefined;
  return { endpoint: url.origin, bucket, user: text('S3_USER'), password: text('S3_PASSWORD') };
}

function ftpSettings(text: Read, problems: string[]): FtpSettings | undefined {
  const given = text('FTP_URL');
  if (given === undefined) return undefined;
  const url = URL.parse(/^[a-z+]+:\/\//i.test(given) ? given : `ftp://${given}`);
  if (!url || !/^ftps?:$/.test(url.protocol)) {
    problems.push('FTP_URL must be a URL such as ftp://ftp.example.com/folder/');
    return undefined;
  }
  const decoded = (part: string): string | undefined => (part === '' ? undefined : decodeURIComponent(part));
  const user = text('FTP_USER') ?? decoded(url.username);
  const password = text('FTP_PASSWORD') ?? decoded(url.password);
  url.username = '';
  url.password = '';
  return { url: url.href, user, password };
}

function webhookSettings(text: Read, problems: string[]): WebhookSettings | undefined {
  const url = text('WEBHOOK_URL');
  if (url === undefined) return undefined;
  const format = text('WEBHOOK_FORMAT') ?? 'form';
  if (format === 'form' || format === 'json') return { url, format };
  problems.push(`WEBHOOK_FORMAT is "${format}", and must be form or json`);
  return undefined;
}

function pagerDutySettings(text: Read, problems: string[]): ContainerSettings['pagerDuty'] {
  const url = text('PGDUTY_URL');
  const serviceKey = text('PGDUTY_SVC_KEY');
  if (url !== undefined && serviceKey !== undefined) return { url, serviceKey };
  if (url !== undefined || serviceKey !== undefined) {
    problems.push('PGDUTY_URL and PGDUTY_SVC_KEY must both be set, or none');
  }
  return undefined;
}
