/** Retention in a run: of each source by itself, and of nothing whose new backup looks wrong. */
import { planRetention } from '../operations/archive/retention.ts';
import type { ForgetPolicy } from '../operations/forget-policy.ts';
import { applyPolicy } from '../operations/forget-policy.ts';
import { performForget, planForget } from '../operations/forget.ts';
import { performPrune, planPrune } from '../operations/prune.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { parseTime, timeFromMs } from '../vaults/repository/format/time.ts';
import { shortId } from '../vaults/repository/files.ts';
import { findSnapshot, findSnapshots, passOver } from '../vaults/repository/snapshot-filter.ts';
import { messageOf } from '../kernel/errors.ts';
import type { RepositoryJobVault, Step } from './job.ts';
import type { RunContext } from './run-context.ts';
import type { KeptSource } from './vault.ts';
import { counted, sizeText, timeText } from './wording.ts';

/** The caller holds an exclusive lock. */
export async function retainSnapshots(
  repository: Repository,
  vault: RepositoryJobVault,
  kept: readonly KeptSource[],
  minSizeRatio: number,
  context: RunContext,
): Promise<Step[]> {
  const steps: Step[] = [];
  let removed = 0;
  for (const one of kept) {
    const { step, count } = await retainSource(repository, vault, one, minSizeRatio, context);
    steps.push(step);
    removed += count;
  }
  if (removed > 0 && vault.prune) steps.push(await pruneRepository(repository, vault, vault.prune, context));
  return steps;
}

async function retainSource(
  repository: Repository,
  { name, retention }: RepositoryJobVault,
  { opened, id, step: { subject } }: KeptSource,
  minSizeRatio: number,
  context: RunContext,
): Promise<{ readonly step: Step; readonly count: number }> {
  const base = { kind: 'retention', subject, vault: name, source: opened.source.name } as const;
  const { hostname, paths } = await identityOf(repository, opened, id);
  const isSame = (other: { readonly hostname: string; readonly paths: readonly string[] }): boolean =>
    other.hostname === hostname && sameList(other.paths, paths);
  const { held, stay, measures } = await whatLooksWrong(
    repository,
    isSame,
    retention!,
    minSizeRatio,
    context,
  );
  if (held !== undefined)
    return { step: { ...base, outcome: 'warning', code: 'incomplete', message: held }, count: 0 };
  const plan = await planForget(
    repository,
    { policy: retention!, filter: { hosts: [hostname], paths }, groupBy: { host: true, paths: true } },
    context,
  );
  // the filter takes snapshots with further paths as well: those are of other sources
  const groups = plan.groups.filter(({ key }) => isSame({ hostname: key.hostname, paths: key.paths ?? [] }));
  const wanted = groups.flatMap((group) => group.remove.map((entry) => entry.id));
  const remove = wanted.filter((id) => !stay.has(id));
  const { removed, failed } = await performForget(repository, { groups, remove }, context);
  const left = groups.reduce((sum, group) => sum + group.keep.length, wanted.length - remove.length);
  const details = { kept: left, removed };
  const measure = wanted.find((id) => measures.has(id));
  const why =
    measure === undefined
      ? ''
      : ` (${shortId(measure)} as its size was accepted, and larger elders are kept)`;
  const message = `${counted(removed.length, 'snapshot')} removed, ${left} kept${why}`;
  if (failed.length === 0)
    return { step: { ...base, outcome: 'done', message, details }, count: removed.length };
  return {
    step: {
      ...{ ...base, outcome: 'warning', code: 'incomplete', details },
      message: `${message}; ${counted(failed.length, 'snapshot')} could not be removed: ${messageOf(failed[0]!.error)}`,
    },
    count: removed.length,
  };
}

/** Names what would go if the source were backed up now. */
export async function forecastSource(
  repository: Repository,
  { retention }: RepositoryJobVault,
  opened: KeptSource['opened'],
  minSizeRatio: number,
  context: RunContext,
): Promise<{ readonly remove: readonly string[]; readonly held?: string }> {
  const { hostname, paths } = await identityOf(repository, opened, undefined);
  const isSame = (other: Identity): boolean => other.hostname === hostname && sameList(other.paths, paths);
  const { held, stay } = await whatLooksWrong(repository, isSame, retention!, minSizeRatio, context);
  if (held !== undefined) return { remove: [], held };
  const entries = await findSnapshots(repository, {}, passOver(context));
  const there = entries
    .filter(({ snapshot }) => isSame(snapshot))
    .map(({ id, snapshot }) => ({ id, time: parseTime(snapshot.time), tags: snapshot.tags }));
  const now = context.clock.now();
  const coming = { id: '', time: timeFromMs(now), tags: opened.source.tags };
  const { remove } = applyPolicy([...there, coming], retention!, now);
  const times = new Map(entries.map(({ id, snapshot }) => [id, snapshot.timeMs]));
  const gone = remove
    .map(({ id }) => id)
    .filter((id) => times.has(id) && !stay.has(id))
    .toSorted((a, b) => times.get(a)! - times.get(b)!);
  return { remove: gone.map((id) => `snapshot ${shortId(id)} of ${timeText(times.get(id)!)}`) };
}

interface Identity {
  readonly hostname: string;
  readonly paths: readonly string[];
}

/** What the snapshots of a source have in common. */
async function identityOf(
  repository: Repository,
  opened: KeptSource['opened'],
  id: string | undefined,
): Promise<Identity> {
  if (id !== undefined) return (await findSnapshot(repository, id)).snapshot;
  const { hostname } = opened.source;
  if (opened.kind === 'stream') return { hostname, paths: [opened.path] };
  return { hostname, paths: opened.what.paths.map((path) => Buffer.from(path).toString()) };
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());
}

/**
 * The same doubts as of archives: a clock that jumped, a backup much smaller than its elders. Those that were too small
 * at their time take the place of none that is good.
 */
async function whatLooksWrong(
  repository: Repository,
  isSame: (other: Identity) => boolean,
  rules: ForgetPolicy,
  minSizeRatio: number,
  context: RunContext,
): Promise<{
  readonly held: string | undefined;
  readonly stay: ReadonlySet<string>;
  /** of those that stay, the ones that later ones are compared with */
  readonly measures: ReadonlySet<string>;
}> {
  const entries = await findSnapshots(repository, {}, passOver(context));
  const subjects = entries
    .filter(({ snapshot }) => isSame(snapshot))
    .map(({ id, snapshot }) => ({
      ...{ id, name: `snapshot ${shortId(id)}`, time: snapshot.timeMs, wallTime: parseTime(snapshot.time) },
      tier: undefined,
      tags: snapshot.tags,
      artefacts:
        snapshot.summary === undefined
          ? []
          : [{ group: '', extension: '', size: snapshot.summary.totalBytesProcessed }],
    }));
  const now = context.clock.now();
  const plan = planRetention(subjects, { kind: 'rules', rules }, { now, minSizeRatio });
  const { held, suspicious } = plan;
  if (held.length > 0) return { held: held.join('; '), stay: new Set(), measures: new Set() };
  const measures = new Set(subjects.filter((subject) => plan.measures.has(subject)).map(({ id }) => id));
  if (suspicious.size === 0) return { held: undefined, stay: measures, measures };
  const good = subjects
    .filter((subject) => !suspicious.has(subject))
    .map(({ id, wallTime, tags }) => ({ id, time: wallTime, tags }));
  const { keep } = applyPolicy(good, rules, now);
  const stay = new Set([...keep.map(({ snapshot }) => snapshot.id), ...measures]);
  return { held: undefined, stay, measures };
}

async function pruneRepository(
  repository: Repository,
  { name, compression, packSize }: RepositoryJobVault,
  { maxUnused }: NonNullable<RepositoryJobVault['prune']>,
  context: RunContext,
): Promise<Step> {
  const options = { maxUnused, compression, ...(packSize !== undefined && { packSize }) };
  const plan = await planPrune(repository, options, context);
  await performPrune(repository, plan, context);
  const bytes = plan.statistics.bytes;
  return {
    ...{ kind: 'retention', outcome: 'done', subject: name, vault: name },
    message: `pruned: ${sizeText(bytes.removeTotal)} freed`,
    details: { bytes_removed: bytes.removeTotal },
  };
}
