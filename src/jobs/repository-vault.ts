/** A repository in a run. */
import { throwIfAborted } from '../kernel/errors.ts';
import type { BackupOptions, BackupResult } from '../operations/backup/backup.ts';
import { backup } from '../operations/backup/backup.ts';
import { check } from '../operations/check/check.ts';
import { drillSnapshot } from './drill-snapshot.ts';
import { openConfiguredRepository } from '../operations/open-repository.ts';
import { withLock } from '../vaults/repository/lock.ts';
import { shortId } from '../vaults/repository/files.ts';
import { currentUser } from '../vaults/repository/key-search.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { attempt, failedStep } from './failed-step.ts';
import type { Job, RepositoryJobVault, Step } from './job.ts';
import { lackingOf, withLacking } from './lacking.ts';
import type { OpenedSource } from './open-sources.ts';
import { forecastSource, retainSnapshots } from './retain-snapshots.ts';
import type { RunContext } from './run-context.ts';
import type { BackUpOptions, KeptSource, RunVault } from './vault.ts';
import { counted, sizeText } from './wording.ts';

/** Codes as `openConfiguredRepository`. */
export async function openRepositoryVault(vault: RepositoryJobVault, context: RunContext): Promise<RunVault> {
  const repository = await openConfiguredRepository(vault, context.environment, context);
  const { name } = vault;
  /** Others may have changed the index since it was last looked at under a lock. */
  const fresh = (): Repository => {
    repository.forgetIndex();
    return repository;
  };
  const lockOptions = {
    none: false,
    retryFor: vault.retryLock,
    onWait: (message: string) => context.warn(message),
  };
  return {
    name,
    artefacts: [],
    backUp: (opened, options) => backUp(fresh(), vault, opened, options, context),
    async retain(kept, job, isMissing) {
      const { retention } = vault;
      const isWhole = ({ step }: KeptSource): boolean => step.outcome === 'done';
      const good = kept.filter((one) => isWhole(one) && !isMissing(one));
      if (retention === undefined || kept.length === 0) return [];
      const held: Step[] = kept
        .filter((one) => !good.includes(one))
        .map((one) => ({
          ...({ kind: 'retention', outcome: 'done', vault: name, subject: one.step.subject } as const),
          message: `nothing is removed: ${isWhole(one) ? 'not every vault has this backup' : 'this backup is not whole'}`,
        }));
      if (good.length === 0) return held;
      const step = { kind: 'retention', subject: name, vault: name } as const;
      const done = await attempt(step, context, () =>
        withLock(fresh(), { ...lockOptions, exclusive: true }, context, (inner, lock) =>
          retainSnapshots(lock.repository, vault, good, job.minSizeRatio, {
            ...context,
            signal: inner.signal,
          }),
        ),
      );
      return [...held, ...done];
    },
    forecast: (opened, job) => forecastSource(fresh(), vault, opened, job.minSizeRatio, context),
    check: (_kept, job) =>
      attempt({ kind: 'check', subject: name, vault: name }, context, () =>
        withLock(fresh(), { ...lockOptions, exclusive: true, eager: true }, context, async (inner) => [
          await checkRepository(repository, name, job, { ...context, signal: inner.signal }),
        ]),
      ),
    async drill(kept, job) {
      const steps: Step[] = [];
      for (const {
        id,
        opened,
        step: { subject, source },
      } of kept) {
        if (id === undefined || job.drill === undefined) continue;
        const step = {
          kind: 'drill',
          subject,
          vault: name,
          ...(source !== undefined && { source }),
        } as const;
        const { drill } = job;
        const done = await attempt(step, context, () =>
          withLock(fresh(), { ...lockOptions, exclusive: false, eager: true }, context, async (inner) => [
            {
              ...step,
              ...withLacking(
                await drillSnapshot(repository, id, drill, opened.source, {
                  ...context,
                  signal: inner.signal,
                }),
                opened,
              ),
            },
          ]),
        );
        steps.push(...done);
      }
      return steps;
    },
    [Symbol.asyncDispose]: () => repository[Symbol.asyncDispose](),
  };
}

/** So many of those that could not be read are named where people are told of it. */
const namedItems = 5;

async function backUp(
  repository: Repository,
  vault: RepositoryJobVault,
  opened: OpenedSource,
  { subject, timeMs, tags }: BackUpOptions,
  context: RunContext,
): Promise<KeptSource> {
  const { source } = opened;
  const base = { kind: 'backup', subject, source: source.name, vault: vault.name } as const;
  const isFiles = opened.kind === 'files';
  const options: BackupOptions = {
    what: isFiles ? opened.what : { kind: 'source', source: opened.stream, path: opened.path },
    hostname: source.hostname,
    username: currentUser(),
    tags,
    timeMs,
    force: false,
    parent: undefined,
    groupBy: { host: true, paths: true, tags: false },
    rules: isFiles ? opened.source.rules : { ignoreCtime: false, ignoreInode: false },
    withAtime: isFiles && opened.source.withAtime,
    sqliteConsistent: isFiles && opened.source.sqliteConsistent,
    excludes: isFiles ? opened.source.excludes : [],
    compression: vault.compression,
    packSize: vault.packSize,
    dryRun: false,
    skipIfUnchanged: source.skipIfUnchanged,
    programVersion: context.programVersion,
    lock: { none: false, retryFor: vault.retryLock, onWait: (message) => context.warn(message) },
    cacheBase: vault.cacheBase,
    detail: false,
    profile: false,
  };
  const unread: string[] = [];
  let over = (): void => {};
  try {
    const result = await backup(repository, options, context, {
      started: (progress) => void (over = context.onBackup?.(subject, progress) ?? over),
      item(item) {
        if (item.kind === 'problem' && item.lost && unread.length < namedItems) {
          unread.push(Buffer.from(item.path).toString());
        }
        context.onItem?.(subject, item);
      },
    });
    return {
      opened,
      id: result.id,
      step: { ...base, ...toldBackup(result, unread, lackingOf(opened)) },
    };
  } catch (error) {
    throwIfAborted(context.signal);
    return { opened, id: undefined, step: failedStep(base, error) };
  } finally {
    over();
  }
}

function toldBackup(
  { id, summary, errors }: BackupResult,
  unread: readonly string[],
  left: readonly string[],
): Pick<Step, 'outcome' | 'message' | 'details'> & { readonly code?: 'incomplete' } {
  const { totalFilesProcessed: files, totalBytesProcessed: bytes, dataAddedPacked } = summary;
  const more = errors > unread.length ? [`and ${errors - unread.length} more`] : [];
  const lacking = [
    ...(errors > 0
      ? [`${counted(errors, 'item')} could not be read: ${[...unread, ...more].join(', ')}`]
      : []),
    ...left,
  ];
  const what = id === undefined ? 'nothing changed, no snapshot' : `snapshot ${shortId(id)}`;
  const message = [
    `${what}, ${counted(files, 'file')}, ${sizeText(bytes)}, ${sizeText(dataAddedPacked)} added`,
    ...lacking,
  ].join('; ');
  const details = {
    ...(id !== undefined && { snapshot_id: id }),
    total_files_processed: files,
    total_bytes_processed: bytes,
    data_added: summary.dataAdded,
    data_added_packed: dataAddedPacked,
    errors: errors + left.length,
  };
  if (lacking.length === 0) return { outcome: 'done', message, details };
  return { outcome: 'warning', code: 'incomplete', message, details };
}

async function checkRepository(
  repository: Repository,
  name: string,
  { check: wanted }: Job,
  context: RunContext,
): Promise<Step> {
  const said: string[] = [];
  const readData = wanted?.readData;
  const result = await check(
    repository,
    { readData, report: (report) => void (report.kind === 'error' && said.push(report.text)) },
    context,
  );
  const base = { kind: 'check', subject: name, vault: name } as const;
  const details = { num_errors: result.errors, broken_packs: result.brokenPacks };
  if (result.sound) {
    const read =
      readData === undefined ? 'structure' : readData.kind === 'all' ? 'all data' : 'a part of the data';
    return { ...base, outcome: 'done', message: `no damage (${read})`, details };
  }
  const [first = 'the repository contains errors'] = said;
  const more = said.length > 1 ? `, and ${counted(said.length - 1, 'error')} more` : '';
  return {
    ...{ ...base, details, outcome: 'failed', code: 'corrupt', message: `${first}${more}` },
    hint: `holdfast -r ${name} check tells everything`,
  };
}
