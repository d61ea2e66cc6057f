/** `backup-container convert`: the same as a holdfast.yaml, which is checked before anybody gets it. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { type BackupConf, credentialNames } from '../../config/backup-conf.ts';
import { effectiveConfig } from '../../config/effective.ts';
import { readConfig } from '../../config/load.ts';
import { problemLine } from '../../config/problem.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import type { Environment } from '../environment.ts';
import type { Runtime } from '../verb.ts';
import { parseContainerFlags } from './arguments.ts';
import type { ListedDatabase, ListedDatabases } from './databases.ts';
import { caFiles, ftpFolder } from './places.ts';
import { openSession, refuseBadSettings } from './session.ts';
import type { ContainerSettings } from './settings.ts';

/** To the file that is named, which must not be there, or to standard output. Codes `usage`, `exists`; `incomplete` once it is written, when lines were left out. */
export async function runConvert(operands: readonly string[], runtime: Runtime): Promise<void> {
  const [file, ...more] = operands;
  if (more.length > 0 || file?.startsWith('-')) {
    throw new HoldfastError('usage', 'convert takes a file to write, or nothing');
  }
  const session = openSession(parseContainerFlags([]), runtime);
  refuseBadSettings(session);
  const { problems } = session.conf;
  const text = convert(session.conf, session.listed, session.settings, runtime.environment);
  const name = file ?? 'holdfast.yaml';
  const wrong = effectiveConfig({ ...readConfig([{ path: name, text }]), place: name }).problems;
  if (wrong.length > 0) {
    throw new HoldfastError(
      'usage',
      `this cannot be said in a configuration: ${wrong.map(problemLine).join('; ')}`,
    );
  }
  if (file === undefined) runtime.terminal.raw(text);
  else {
    await writeFile(file, text, { flag: 'wx' }).catch((error: unknown) => {
      throw fromNodeError('write', Buffer.from(file), error);
    });
    runtime.terminal.say(`wrote ${file}`);
  }
  const left = [
    ...session.listed.refused.map((refused) => `${refused.text}: ${refused.message}`),
    ...problems.map(({ message }) => message),
  ];
  for (const message of left) runtime.context.warn(message);
  if (left.length === 0) return;
  const lines =
    left.length === 1
      ? '1 line is left out, and stands as a comment'
      : `${left.length} lines are left out, and stand as comments`;
  throw new HoldfastError('incomplete', `${lines} in what was written`);
}

function convert(
  { schedules, problems }: BackupConf,
  listed: ListedDatabases,
  settings: ContainerSettings,
  environment: Environment,
): string {
  const verifies = schedules.some(({ command }) => /\s-\w*v/.test(command));
  const sources: Record<string, object> = {};
  for (const database of listed.databases) {
    const name = entryName(database.core);
    let unused = name;
    for (let i = 2; unused in sources; i++) unused = `${name}-${i}`;
    sources[unused] = source(database, verifies, settings, environment);
  }
  const vaults = vaultsOf(settings, environment);
  const notifications = settings.webhook && {
    webhook: {
      webhook: 'env:WEBHOOK_URL',
      format: settings.webhook.format,
      ...(settings.name !== '' && { 'project-name': settings.name }),
      ...(settings.friendlyName !== '' && { 'project-friendly-name': settings.friendlyName }),
      when: ['success', 'warning', 'failure'],
    },
  };
  const jobs = {
    backup: {
      sources: Object.keys(sources),
      vaults: Object.keys(vaults),
      'min-size-ratio': settings.minSizeRatio,
      ...(verifies && { drill: true }),
      ...(notifications && { notify: 'webhook' }),
    },
  };
  const parts = [
    comment('made from backup.conf and its environment by holdfast backup-container convert'),
    section({ sources }),
    ...listed.refused.map(({ text, message }) => comment(`${text}: ${message}`)),
    ...problems.map(({ message }) => comment(`left out: ${message}`)),
    section({ vaults }),
    ...(settings.ftp?.password !== undefined && !environment['FTP_PASSWORD']
      ? [comment('the password that stands in FTP_URL is to be in FTP_PASSWORD')]
      : []),
    ...(notifications ? [section({ notifications })] : []),
    ...schedules.map(({ text }) => comment(`backup.conf has: ${text}`)),
    ...(schedules.length > 0
      ? [comment('let cron, a timer or a CronJob run `holdfast run backup` at such a time')]
      : []),
    section({ jobs }),
    ...(settings.pagerDuty ? [comment('PagerDuty, which PGDUTY_URL names, is not told by jobs')] : []),
  ];
  return parts.join('');
}

/** Of jobs that do not say it. */
const usualStallMs = 600_000;

function source(
  { database, choices, shares, verifySchema }: ListedDatabase,
  verifies: boolean,
  { stallTimeout }: ContainerSettings,
  environment: Environment,
): object {
  const { kind, host, port, user, password } = database;
  const names = credentialNames(host);
  const login = user === undefined ? '' : `${encodeURIComponent(user)}@`;
  const place = `${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;
  const variable = environment[names.password] ? names.password : 'DATABASE_PASSWORD';
  const { excludeTables = [], excludeTableData = [] } = choices;
  return {
    url: `${kind}://${login}${place}/${encodeURIComponent(database.database)}`,
    ...(password !== undefined && { password: `env:${variable}` }),
    // the files are to be called as they always were; of two that share a name each needs its own
    ...(shares === 1 && { 'archive-name': `${host}-${database.database}` }),
    ...(excludeTables.length > 0 && { 'exclude-tables': excludeTables }),
    ...(excludeTableData.length > 0 && { 'exclude-table-data': excludeTableData }),
    ...(verifies && kind === 'postgres' && { 'drill-schema': verifySchema }),
    ...(stallTimeout !== usualStallMs && { 'stall-timeout': `${(stallTimeout ?? 0) / 1000}s` }),
  };
}

/** Copies have the same names without folders. */
function vaultsOf(
  { strategy, folder, s3, ftp }: ContainerSettings,
  environment: Environment,
): Record<string, object> {
  const { kind, counts, newest } = strategy!;
  // the newest stays whatever the number is, and none at all would mean the usual one
  const retention = kind === 'daily' ? { last: Math.max(1, newest) } : counts;
  const common = { encode: 'gzip', retention };
  const authorities = caFiles(environment);
  const copies = { layout: 'flat', ...common, ...(authorities.length > 0 && { 'ca-files': authorities }) };
  return {
    backups: { archive: folder, layout: kind, ...common },
    ...(s3 && {
      s3: {
        archive: `s3:${s3.endpoint}/${s3.bucket}`,
        ...copies,
        ...(s3.user !== undefined && {
          credentials: { 'access-key': 'env:S3_USER', 'secret-key': 'env:S3_PASSWORD' },
        }),
      },
    }),
    ...(ftp && {
      ftp: {
        archive: ftpLocation(ftp.url, environment['FTP_TLS'] === 'off'),
        ...copies,
        credentials: {
          ...(ftp.user !== undefined && { user: ftp.user }),
          ...(ftp.password !== undefined && { password: 'env:FTP_PASSWORD' }),
        },
      },
    }),
  };
}

/** What curl calls ftps is TLS from the first byte, and ftp has TLS unless that is turned off. */
function ftpLocation(given: string, withoutTls: boolean): string {
  const { protocol, host } = new URL(given);
  const explicit = withoutTls ? 'ftp' : 'ftps';
  return `${protocol === 'ftps:' ? 'ftps+implicit' : explicit}://${host}/${ftpFolder(given)}`;
}

/** Letters, digits, dots, - and _, beginning with a letter or a digit. */
function entryName(core: string): string {
  return core.replaceAll(/[^A-Za-z0-9_.-]/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'database';
}

function section(value: object): string {
  return `\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

function comment(text: string): string {
  return `# ${text.replaceAll('\n', ' ')}\n`;
}
