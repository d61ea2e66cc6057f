/** What holds in the end: each entry with its profiles and the defaults, and whether what it refers to is there. */
import { unfitForArchives } from './archive-fit.ts';
import { equalNames } from './archive-names.ts';
import type { Entry } from './entry.ts';
import type { LoadedConfig } from './load.ts';
import type { EntryName, Problem } from './problem.ts';
import type { GroupSettings, JobSettings } from './schema/job.ts';
import type { MailNotification, WebhookNotification } from './schema/notification.ts';
import { type Section, sections } from './schema/schema.ts';
import type { CommandSource, DatabaseSource, FileSource } from './schema/source.ts';
import { suggestion } from './schema/suggestion.ts';
import { listOf } from './schema/value.ts';
import { type EncodingName, faultOfStack } from '../vaults/archive/encodings/encoding.ts';
import type { ArchiveVault, RepositoryVault } from './schema/vault.ts';

interface Named<Kind extends string, Settings> {
  readonly name: string;
  readonly kind: Kind;
  readonly settings: Settings;
  /** the file it stands in */
  readonly file: string;
}

export type EffectiveSource =
  Named<'paths', FileSource> | Named<'url', DatabaseSource> | Named<'command', CommandSource>;
export type EffectiveVault = Named<'repository', RepositoryVault> | Named<'archive', ArchiveVault>;
export type EffectiveNotification = Named<'webhook', WebhookNotification> | Named<'mail', MailNotification>;
export type EffectiveGroup = Named<'sources', GroupSettings>;
export type EffectiveJob = Named<'job', JobSettings>;

export interface EffectiveConfig {
  readonly place: string | undefined;
  readonly files: readonly string[];
  readonly sources: ReadonlyMap<string, EffectiveSource>;
  readonly vaults: ReadonlyMap<string, EffectiveVault>;
  readonly groups: ReadonlyMap<string, EffectiveGroup>;
  readonly jobs: ReadonlyMap<string, EffectiveJob>;
  readonly notifications: ReadonlyMap<string, EffectiveNotification>;
  /** all jobs that there are, wrong ones included */
  readonly jobNames: readonly string[];
  /** whom jobs that are wrong would tell, as far as that is right */
  readonly told: ReadonlyMap<string, readonly string[]>;
  /** everything that is wrong, in the order of files and lines */
  readonly problems: readonly Problem[];
}

/** Entries that are wrong, or refer to what is not there or wrong, are left out; the problems say why. */
export function effectiveConfig(loaded: LoadedConfig): EffectiveConfig {
  const problems = [...loaded.problems];
  const all = {} as Record<Section, Map<string, Named<string, object>>>;
  const told = new Map<string, readonly string[]>();
  const config = {
    ...{ told, place: loaded.place, files: loaded.files, jobNames: namesOf(loaded, 'jobs') },
    ...(all as unknown as Omit<EffectiveConfig, 'place' | 'files' | 'jobNames' | 'told' | 'problems'>),
  };
  // what is referred to comes before what refers to it
  for (const section of ['sources', 'vaults', 'notifications', 'groups', 'jobs'] as const) {
    const entries = new Map<string, Named<string, object>>();
    for (const entry of loaded.entries[section].values()) {
      const { name, kind, position } = entry;
      const findings: Problem[] = [];
      const settings = mergeEntry(loaded, entry, findings);
      findings.push(...judgeKind(entry, settings), ...judgeReferences(loaded, config, entry, settings));
      if (section === 'jobs' && findings.length === 0) {
        const others = [...entries.values()] as EffectiveJob[];
        const job = { name, kind: 'job', settings, file: position.file } as EffectiveJob;
        for (const message of [...unfitForArchives(job, config), ...equalNames(job, others, config)]) {
          findings.push({ ...position, message: `${name}: ${message}`, entry: { section, name } });
        }
      }
      problems.push(...findings);
      if (section === 'jobs') {
        const { notify } = settings as JobSettings;
        told.set(
          name,
          listOf(notify).filter((one) => config.notifications.has(one)),
        );
      }
      if (findings.length === 0) entries.set(name, { name, kind, settings, file: position.file });
    }
    Object.assign(config, { [section]: entries });
    for (const entry of loaded.unusable.filter((one) => one.section === section)) {
      const settings = mergeEntry(loaded, entry, problems);
      problems.push(...judgeKind(entry, settings), ...judgeReferences(loaded, config, entry, settings));
    }
  }
  return { ...config, problems: inOrder(problems, loaded.files) };
}

/** The names of all that there are in a section, wrong ones included. */
function namesOf(loaded: LoadedConfig, wanted: Section): string[] {
  const broken = loaded.broken.flatMap(({ section, name }) => (section === wanted ? [name] : []));
  return [...new Set([...loaded.entries[wanted].keys(), ...broken])];
}

/** Its own settings, then those of its profiles, the last named first, then the defaults; each setting as a whole. */
function mergeEntry(loaded: LoadedConfig, entry: Entry, findings: Problem[]): Record<string, unknown> {
  const { section, kind, name, settings } = entry;
  const profiles = listOf(settings['profile'] as string | string[] | undefined).flatMap(
    (profile, i, list) => {
      const found = loaded.profiles.get(profile);
      if (found) return [found];
      const path = list.length > 1 ? ['profile', i] : ['profile'];
      const names = [...loaded.profiles.keys()];
      const isBroken = loaded.broken.some((one) => one.section === 'profiles' && one.name === profile);
      const what = isBroken ? `the profile ${profile} is wrong` : notThere('profile', profile, names);
      findings.push({ ...entry.find(path), message: `${name}: ${what}`, entry: { section, name } });
      return [];
    },
  );
  const known = sections[section][kind]!.shape;
  const merged: Record<string, unknown> = {};
  for (const layer of [loaded.defaults, ...profiles]) {
    const part = (layer as Record<string, Record<string, unknown> | undefined>)[section] ?? {};
    for (const [key, value] of Object.entries(part)) if (key in known) merged[key] = value;
  }
  const { profile: _, ...own } = settings;
  return { ...merged, ...own };
}

/** What only the whole of an entry shows. */
function judgeKind(
  { section, kind, name, position, find, wrong }: Entry,
  settings: Record<string, unknown>,
): Problem[] {
  const problems: Problem[] = [];
  const refuse = (message: string, at = position): void => {
    problems.push({ ...at, message: `${name}: ${message}`, entry: { section, name } });
  };
  const has = (key: string): boolean => settings[key] !== undefined;
  const lacks = (key: string): boolean => !has(key) && !wrong.has(key);
  if (kind === 'mail') {
    if (lacks('from')) refuse('expected from, the sender');
    if (lacks('server')) refuse('expected server, the mail server');
    if (has('password') && lacks('user')) refuse('a password needs a user', find(['password']));
  }
  if (kind === 'url' && has('drill-schema') && !String(settings['url']).startsWith('postgres')) {
    refuse('drill-schema is for PostgreSQL', find(['drill-schema']));
  }
  if (kind === 'archive') {
    if (String(settings['archive']).startsWith('rest:')) {
      refuse('REST servers keep repositories alone, and no archives', find(['archive']));
    }
    const encode = listOf(settings['encode'] as string | string[] | undefined);
    const names = encode.map((encoding) => encoding.replace(/:.*/, ''));
    const fault = faultOfStack(names.filter((encoding) => encoding !== 'none') as EncodingName[]);
    if (fault !== undefined) refuse(fault, find(['encode']));
    const rules = Object.keys((settings['retention'] as object | undefined) ?? {});
    const other = rules.find((rule) => !['daily', 'weekly', 'monthly'].includes(rule));
    if (settings['layout'] === 'rolling' && other !== undefined) {
      const message = 'the layout rolling keeps so many daily, weekly and monthly ones, and nothing else';
      refuse(message, find(['retention', other]));
    }
    const encrypts = names.includes('openpgp') || names.includes('age');
    if (encrypts && lacks('recipients')) refuse('expected recipients: who can open what is encrypted');
  }
  return problems;
}

/** A group and a job: whether they say what they must, and what they refer to is there. */
function judgeReferences(
  loaded: LoadedConfig,
  config: Omit<EffectiveConfig, 'problems'>,
  entry: Entry,
  merged: Record<string, unknown>,
): Problem[] {
  const { section, name, position, wrong } = entry;
  const owner: EntryName = { section, name };
  if (section === 'groups') {
    const { sources } = merged as GroupSettings;
    return missing(loaded, config, entry, { sources: listOf(sources) });
  }
  if (section !== 'jobs') return [];
  const { sources, group, vaults, notify } = merged as JobSettings;
  const refuse = (message: string): Problem => ({
    ...position,
    message: `${name}: ${message}`,
    entry: owner,
  });
  const problems = missing(loaded, config, entry, {
    ...{ sources: listOf(sources), group: listOf(group), vaults: listOf(vaults), notify: listOf(notify) },
  });
  if (loaded.broken.some((one) => one.section === 'defaults'))
    problems.push(refuse('the defaults are wrong'));
  if (sources === undefined && group === undefined && !wrong.has('sources') && !wrong.has('group')) {
    problems.push(refuse('expected sources or group: what to back up'));
  }
  if (sources !== undefined && group !== undefined) {
    problems.push(refuse('expected sources or group, and not both'));
  }
  if (vaults === undefined && !wrong.has('vaults')) problems.push(refuse('expected vaults: where to'));
  return problems;
}

/** The section that each setting refers to. */
const referred = { sources: 'sources', group: 'groups', vaults: 'vaults', notify: 'notifications' } as const;
const singular: Readonly<Record<Section, string>> = {
  sources: 'source',
  vaults: 'vault',
  groups: 'group',
  jobs: 'job',
  notifications: 'notification',
};

/** A problem for each name that refers to nothing, or to what is wrong. */
function missing(
  loaded: LoadedConfig,
  config: Omit<EffectiveConfig, 'problems'>,
  { section, name, find }: Entry,
  references: Partial<Record<keyof typeof referred, readonly string[]>>,
): Problem[] {
  return Object.entries(references).flatMap(([setting, names]) => {
    const target = referred[setting as keyof typeof referred];
    return names.flatMap((wanted, i) => {
      if (config[target].has(wanted)) return [];
      const isThere =
        loaded.entries[target].has(wanted) ||
        loaded.broken.some((one) => one.section === target && one.name === wanted);
      const what = isThere
        ? `the ${singular[target]} ${wanted} is wrong`
        : notThere(singular[target], wanted, namesOf(loaded, target));
      const path = names.length > 1 ? [setting, i] : [setting];
      return [{ ...find(path), message: `${name}: ${what}`, entry: { section, name } }];
    });
  });
}

function notThere(what: string, name: string, known: readonly string[]): string {
  return `there is no ${what} ${name}${suggestion(name, known)}`;
}

/** In the order of files and lines. */
export function inOrder(problems: readonly Problem[], files: readonly string[]): Problem[] {
  return problems.toSorted(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}
