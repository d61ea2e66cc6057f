/** -c: what the environment and backup.conf come to. */
import { hasCode, messageOf } from '../../kernel/errors.ts';
import { tierAt } from '../../operations/backup-container/prune.ts';
import { artefactName } from '../../vaults/archive/layout/layout.ts';
import { dirname, join } from 'node:path';
import { isOfAnotherContainer } from './databases.ts';
import { modeOf } from './arguments.ts';
import { type ContainerSession, problemsOf } from './session.ts';

export function showSettings(session: ContainerSession): void {
  const { tell, settings } = session;
  const unless = (value: string | undefined): string => value || 'not configured';
  const lines = [
    'Settings:',
    `- Run mode: ${modeText(session)}`,
    '',
    ...strategyLines(session),
    `- Current backup folder: ${currentFolder(session)}`,
    '',
    ...scheduleLines(session),
    ...databaseLines(session),
    '',
    `- FTP server: ${unless(settings.ftp?.url)}`,
    `- S3 endpoint: ${unless(settings.s3 && `${settings.s3.endpoint}, bucket ${settings.s3.bucket}`)}`,
    // its path is often the secret
    `- Webhook Endpoint: ${unless(settings.webhook && hostOf(settings.webhook.url))}`,
    `- Environment Friendly Name: ${unless(settings.friendlyName)}`,
    `- Environment Name (Id): ${unless(settings.name)}`,
    ...problemsOf(session).map((problem) => `- Problem: ${problem}`),
    ...zoneNotes(session.runtime.environment['TZ']),
    '',
  ];
  for (const line of lines) tell.say(line);
}

/** A zone that is not known by its name counts as UTC, and nobody else would say so. */
function zoneNotes(zone: string | undefined): string[] {
  const name = zone?.replace(/^:/, '') ?? '';
  if (name === '') return [];
  if (isZone(name)) return [];
  return [`- Note: TZ is "${name}", which is no name of a zone such as America/Vancouver: times are UTC`];
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function modeText({ flags, conf }: ContainerSession): string {
  try {
    return modeOf(flags, conf.schedules.length > 0);
  } catch (error) {
    if (hasCode(error, 'usage')) return `error: ${messageOf(error)}`;
    throw error;
  }
}

function strategyLines({ settings, runtime }: ContainerSession): string[] {
  const { strategy } = settings;
  if (!strategy) return ['- Backup strategy: unknown'];
  const tier = tierAt(runtime.context.clock.now(), strategy);
  const { daily, weekly, monthly } = strategy.counts;
  return [
    `- Backup strategy: ${strategy.kind}`,
    `- Current backup type: ${tier ?? 'flat daily'}`,
    '- Backups to retain:',
    ...(tier === undefined
      ? [`  - Total: ${strategy.newest}`]
      : [`  - Daily: ${daily}`, `  - Weekly: ${weekly}`, `  - Monthly: ${monthly}`]),
  ];
}

function currentFolder({ settings, runtime }: ContainerSession): string {
  if (!settings.strategy) return settings.folder;
  const time = runtime.context.clock.now();
  const tier = tierAt(time, settings.strategy);
  const spec = { host: '', database: 'x', time, tier, extension: '' };
  return `${join(settings.folder, dirname(artefactName(tier ? 'rolling' : 'daily', spec)))}/`;
}

function scheduleLines({ flags, conf, settings }: ContainerSession): string[] {
  if (flags.once) return [];
  if (conf.schedules.length === 0) return ['- Schedule:', `  - ${settings.period}`, ''];
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return [`- Time Zone: ${zone}`, '- Schedule:', ...conf.schedules.map(({ text }) => `  - ${text}`), ''];
}

function databaseLines({ conf, settings, listed }: ContainerSession): string[] {
  const from = conf.from === 'file' ? settings.confFile : 'the environment';
  const others = conf.databases.filter((spec) => isOfAnotherContainer(spec, settings));
  return [
    ...(settings.containerType === undefined ? [] : [`- Container Type: ${settings.containerType}`]),
    `- Databases (from ${from}):`,
    ...listed.databases.map(({ text, shares, core }) =>
      shares === 1
        ? `  - ${text}`
        : `  - ${text} (its files are called ${core}, as those of ${shares - 1} more)`,
    ),
    ...listed.refused.map(({ text, message }) => `  - ${text} (refused: ${message})`),
    ...others.map(({ text }) => `  - ${text} (of another container)`),
  ];
}

function hostOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.protocol}//${parsed.host}/...` : 'not a URL';
}
