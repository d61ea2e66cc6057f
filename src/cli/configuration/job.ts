/** What the configuration says of a job, as the runner takes it. */
import type { EffectiveConfig, EffectiveJob } from '../../config/effective.ts';
import type { HooksSettings, JobSettings } from '../../config/schema/job.ts';
import { bytesOf, listOf } from '../../config/schema/value.ts';
import type { Hook, Hooks } from '../../jobs/hooks.ts';
import type { Job, JobVault } from '../../jobs/job.ts';
import { parseDuration } from '../../kernel/quantity.ts';
import { parseSecretReference, type SecretReference } from '../../kernel/secret.ts';
import { parseSubset, type ReadDataSubset } from '../../operations/check/subset.ts';
import type { MaxUnused } from '../../operations/prune-plan.ts';
import type { EffectiveVault } from '../../config/effective.ts';
import { decodingKeys, parseEncodings } from '../archive/open.ts';
import { recipient } from './notification.ts';
import { forgetPolicy } from './retention.ts';
import { jobSource } from './source.ts';
import { configuredVault } from './vault.ts';

export interface JobSurroundings {
  readonly acceptSize: boolean;
  /** of snapshots whose sources and jobs do not name one */
  readonly hostname: string;
  /** the folder of all local caches; undefined for none */
  readonly cacheBase: string | undefined;
  /** folder that certificates of drills go to */
  readonly certificates: string;
  /** of repositories whose password the configuration does not tell */
  readonly password: SecretReference | undefined;
}

const defaultMinSizeRatio = 0.5;
const defaultHookTimeout = 600_000;

/** Code `usage` for what cannot be run. */
export async function runnableJob(
  config: EffectiveConfig,
  { name, file, settings }: EffectiveJob,
  around: JobSurroundings,
): Promise<Job> {
  const group = settings.group === undefined ? undefined : config.groups.get(settings.group)!;
  const names = group ? listOf(group.settings.sources) : listOf(settings.sources);
  const defaults = { hostname: settings.host ?? around.hostname, tags: listOf(settings.tags) };
  const hooks = [settings.hooks, group?.settings.hooks].filter((one) => one !== undefined);
  return {
    ...{ name, origin: file, group: settings.group },
    sources: names.map((source) => jobSource(config.sources.get(source)!, defaults)),
    vaults: await Promise.all(
      listOf(settings.vaults).map((vault) => jobVault(config.vaults.get(vault)!, settings, around)),
    ),
    minSizeRatio: settings['min-size-ratio'] ?? defaultMinSizeRatio,
    acceptSize: around.acceptSize,
    check: jobCheck(settings.check),
    drill: jobDrill(settings.drill, around.certificates),
    hooks: hooks.map(jobHooks),
    recipients: listOf(settings.notify).map((one) => recipient(config.notifications.get(one)!)),
  };
}

async function jobVault(vault: EffectiveVault, job: JobSettings, around: JobSurroundings): Promise<JobVault> {
  const configured = configuredVault(vault);
  const retention = job.retention === false ? undefined : (job.retention ?? vault.settings.retention);
  const policy = retention && forgetPolicy(retention);
  if (configured.kind === 'archive') {
    const { identities, recipients, encode = ['gzip'], retryLock = 0, ...rest } = configured;
    return {
      ...rest,
      retryLock,
      encode: parseEncodings(encode, recipients),
      keys: await decodingKeys(identities),
      retention: policy,
    };
  }
  const { compression, retryLock, cache, password, ...rest } = configured;
  return {
    ...rest,
    password: password ?? around.password,
    compression: compression ?? 'auto',
    retryLock: retryLock ?? 0,
    cacheBase: cache === false ? undefined : around.cacheBase,
    retention: policy,
    prune: jobPrune(job.prune),
  };
}

function jobPrune(settings: JobSettings['prune']): { readonly maxUnused: MaxUnused } | undefined {
  if (settings === false) return undefined;
  const limit = (typeof settings === 'object' ? settings['max-unused'] : undefined) ?? '5%';
  if (limit === 'unlimited') return { maxUnused: 'unlimited' };
  const text = String(limit);
  if (text.endsWith('%')) return { maxUnused: { percent: Number(text.slice(0, -1)) } };
  return { maxUnused: { bytes: bytesOf(limit) } };
}

function jobCheck(settings: JobSettings['check']): Job['check'] {
  if (settings === undefined || settings === false) return undefined;
  return { readData: settings === true ? undefined : readData(settings) };
}

function readData(settings: {
  readonly 'read-data'?: boolean | undefined;
  readonly 'read-data-subset'?: string | undefined;
}): ReadDataSubset | undefined {
  if (settings['read-data']) return { kind: 'all' };
  const subset = settings['read-data-subset'];
  return subset === undefined ? undefined : parseSubset(subset);
}

function jobDrill(settings: JobSettings['drill'], certificates: string): Job['drill'] {
  if (settings === undefined || settings === false) return undefined;
  if (settings === true) return { queries: undefined, certificates, signingKey: undefined };
  return {
    queries: settings.queries,
    certificates: settings.certificates ?? certificates,
    signingKey: settings['signing-key'],
  };
}

function jobHooks(settings: HooksSettings): Hooks {
  const each = (hooks: HooksSettings['before']): Hook[] =>
    listOf(hooks).map((hook) => {
      const { run, timeout, 'on-error': onError } = typeof hook === 'string' ? { run: hook } : hook;
      return {
        command: run,
        timeout: timeout === undefined ? defaultHookTimeout : parseDuration(timeout, 'timeout'),
        onError: onError ?? 'stop',
      };
    });
  return {
    before: each(settings.before),
    after: each(settings.after),
    onFailure: each(settings['on-failure']),
  };
}

/** Names of the variables that the configuration takes secrets from. */
export function secretVariables(config: EffectiveConfig): ReadonlySet<string> {
  const names = new Set<string>();
  const search = (value: unknown): void => {
    if (typeof value === 'string') {
      const reference = parseSecretReference(value);
      if (reference?.kind === 'env') names.add(reference.name);
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(search);
  };
  for (const section of [config.sources, config.vaults, config.notifications]) {
    for (const { settings } of section.values()) search(settings);
  }
  return names;
}
