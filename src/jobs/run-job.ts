/**
 * One run of a job, whole: hooks, every source to every vault, hooks, and then what may take its time: retention, check,
 * drill, and who is told. What fails is a step that failed; the others are done where they make sense without it.
 */
import { resolve } from 'node:path';
import { hasCode, HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import { sizeAcceptedTag } from '../operations/archive/retention.ts';
import { readForAll } from '../operations/shared-source.ts';
import { parseLocation } from '../storage/location.ts';
import { failedStep } from './failed-step.ts';
import { findFreeTime } from './free-time.ts';
import { type Hook, hookEnvironment, hookName, runHook } from './hooks.ts';
import { missingSomewhere } from './missing-somewhere.ts';
import type { Job, JobSource, JobVault, Step } from './job.ts';
import { lockJob } from './job-lock.ts';
import { type OpenedSource, type OpenedStream, openSource, type OpenSourceOptions } from './open-sources.ts';
import { openArchiveVault } from './archive-vault.ts';
import { sharedArtefacts } from './archive-artefacts.ts';
import { openRepositoryVault } from './repository-vault.ts';
import { type JobReport, outcomeOf } from './report.ts';
import type { RunContext } from './run-context.ts';
import { tellRecipients } from './tell.ts';
import type { KeptSource, RunVault } from './vault.ts';

/**
 * Runs a job; what went wrong is in its report, an interruption too, and those who want to know were told. Throws
 * `interrupted` alone, when that comes while they are told. Another run that holds the job is a failed step with the code
 * `locked`.
 */
export async function runJob(job: Job, context: RunContext): Promise<JobReport> {
  const started = context.clock.now();
  const steps: Step[] = [];
  const tell = (step: Step): void => {
    steps.push(step);
    context.onStep(step);
  };
  let isHeld = false;
  try {
    await using _ = await lockJob({
      ...{ folder: await context.stateFolder(), job: job.name, origin: job.origin, now: started },
    });
    await runLocked(job, started, steps, tell, context);
  } catch (error) {
    isHeld = hasCode(error, 'locked') && steps.length === 0;
    tell(brokenOff(job, error, context));
  }
  const report = (): JobReport => ({
    ...{ job: job.name, outcome: outcomeOf(steps), steps, started, finished: context.clock.now() },
  });
  // who holds the job will tell what became of it
  if (!isHeld) for (const step of await tellRecipients(job.recipients, report(), context)) tell(step);
  return report();
}

/** What ended the run before its end. */
function brokenOff({ name }: Job, error: unknown, { signal }: RunContext): Step {
  const why = signal.aborted ? new HoldfastError('interrupted', 'interrupted') : error;
  return failedStep({ kind: 'backup', subject: name }, why);
}

async function runLocked(
  job: Job,
  started: number,
  steps: readonly Step[],
  tell: (step: Step) => void,
  context: RunContext,
): Promise<void> {
  const runHooks = hookRunner(job, started, steps, tell, context);
  try {
    await runPhases(job, runHooks, tell, context);
  } catch (error) {
    tell(brokenOff(job, error, context));
  }
  if (outcomeOf(steps) !== 'failure') return;
  for (const { onFailure } of job.hooks) await runHooks('on-failure', onFailure);
}

async function runPhases(
  job: Job,
  runHooks: HookRunner,
  tell: (step: Step) => void,
  context: RunContext,
): Promise<void> {
  await using vaults = new AsyncDisposableStack();
  const kept: OpenedVault[] = [];
  let goesOn = true;
  const thaw: (readonly Hook[])[] = [];
  try {
    for (const hooks of job.hooks) {
      // what was begun is ended, also when it was begun in vain
      thaw.unshift(hooks.after);
      goesOn = await runHooks('before', hooks.before);
      if (!goesOn) break;
    }
    if (goesOn) {
      for (const vault of job.vaults) {
        try {
          kept.push({ vault: vaults.use(await openVault(vault, context)), sources: [] });
        } catch (error) {
          throwIfAborted(context.signal);
          tell(failedStep({ kind: 'backup', subject: `to ${vault.name}`, vault: vault.name }, error));
        }
      }
      // all of a group are of the time at which everything was held still
      const groupTime = context.clock.now();
      for (const source of job.sources) {
        throwIfAborted(context.signal);
        await backUpSource(job, source, groupTime, kept, tell, context);
      }
    }
  } finally {
    for (const hooks of thaw) goesOn = (await runHooks('after', hooks)) && goesOn;
  }
  if (goesOn) {
    const isMissing = missingSomewhere(
      kept.map(({ sources }) => sources),
      job.vaults.length,
    );
    for (const { vault, sources } of kept) {
      if (sources.length > 0) for (const step of await vault.retain(sources, job, isMissing)) tell(step);
      throwIfAborted(context.signal);
      if (job.check) for (const step of await vault.check(sources, job)) tell(step);
      throwIfAborted(context.signal);
      if (job.drill) for (const step of await vault.drill(sources, job)) tell(step);
      throwIfAborted(context.signal);
    }
  }
}

/** @param timeMs milliseconds since 1970: of what has no time of its own */
export function sourceOptions(
  job: Job,
  timeMs: number,
  { environment, programs, ownPaths }: RunContext,
): OpenSourceOptions {
  return {
    ...{ environment, programs, timeMs },
    oneFile: job.vaults.some(({ kind }) => kind === 'archive'),
    excludePaths: [...ownPaths, ...localVaults(job)],
  };
}

export function openVault(vault: JobVault, context: RunContext): Promise<RunVault> {
  return vault.kind === 'repository' ? openRepositoryVault(vault, context) : openArchiveVault(vault, context);
}

/** One source to all vaults: what is a stream is read once for all of them. */
async function backUpSource(
  job: Job,
  source: JobSource,
  groupTime: number,
  kept: readonly OpenedVault[],
  tell: (step: Step) => void,
  context: RunContext,
): Promise<void> {
  if (kept.length === 0) return;
  let opened: readonly OpenedSource[];
  const wantedMs = job.group === undefined ? context.clock.now() : groupTime;
  try {
    opened = await openSource(source, sourceOptions(job, wantedMs, context), context);
  } catch (error) {
    throwIfAborted(context.signal);
    tell(failedStep({ kind: 'backup', subject: source.name, source: source.name }, error));
    return;
  }
  for (const one of opened) {
    const name = one.kind === 'stream' && opened.length > 1 ? `${source.name} (${one.path})` : source.name;
    const tags = [...(one.kind === 'stream' ? one.tags : source.tags)];
    if (job.group !== undefined) tags.push(job.group);
    if (job.acceptSize) tags.push(sizeAcceptedTag);
    const minSizeRatio = job.acceptSize ? 0 : job.minSizeRatio;
    const vaults = kept.map(({ vault }) => vault);
    const timeMs = await findFreeTime(one, wantedMs, vaults, context);
    const options = (vault: RunVault) => ({
      subject: `${name} to ${vault.name}`,
      timeMs,
      tags,
      minSizeRatio,
    });
    const done = (sources: KeptSource[], result: KeptSource): void => {
      sources.push(result);
      tell(result.step);
    };
    if (one.kind === 'files') {
      for (const { vault, sources } of kept) done(sources, await vault.backUp(one, options(vault)));
      continue;
    }
    for (const readers of readingTogether(one, kept)) {
      const [{ vault: first }] = readers;
      const base = { kind: 'backup', source: source.name } as const;
      try {
        const artefacts =
          one.database && first.artefacts.length > 0
            ? await sharedArtefacts(one, first.artefacts, context)
            : undefined;
        await readForAll(
          artefacts?.source ?? one.stream,
          readers.map(({ vault, sources }) => async (stream) => {
            const input = artefacts?.input(stream);
            done(sources, await vault.backUp({ ...one, stream }, { ...options(vault), input }));
          }),
        );
      } catch (error) {
        throwIfAborted(context.signal);
        for (const { vault } of readers) {
          tell(failedStep({ ...base, subject: options(vault).subject, vault: vault.name }, error));
        }
      }
    }
    throwIfAborted(context.signal);
  }
}

/** No vault is backed up into itself. */
function localVaults({ vaults }: Job): string[] {
  return vaults.flatMap(({ access }) => {
    const location = parseLocation(access.location);
    return location.kind === 'local' ? [resolve(location.path)] : [];
  });
}

interface OpenedVault {
  readonly vault: RunVault;
  readonly sources: KeptSource[];
}

/** Vaults that take the same are given it in one pass: it is read once, and all have the same state. */
function readingTogether(
  { database }: OpenedStream,
  kept: readonly OpenedVault[],
): readonly (readonly [OpenedVault, ...OpenedVault[]])[] {
  const groups = new Map<string, [OpenedVault, ...OpenedVault[]]>();
  for (const one of kept) {
    const key = database ? JSON.stringify(one.vault.artefacts) : '';
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()];
}

type Phase = 'before' | 'after' | 'on-failure';
/** False when the run stops. */
type HookRunner = (phase: Phase, hooks: readonly Hook[]) => Promise<boolean>;

/** Runs hooks of a phase; false when one of them stops the run. Those before stop at the first, the others are all run. */
function hookRunner(
  job: Job,
  started: number,
  steps: readonly Step[],
  tell: (step: Step) => void,
  context: RunContext,
): HookRunner {
  return async (phase, hooks) => {
    let goesOn = true;
    for (const hook of hooks) {
      const subject = `${phase} (${hookName(hook)})`;
      const environment = hookEnvironment(context.environment, context.secretVariables, {
        HOLDFAST_JOB: job.name,
        HOLDFAST_PHASE: phase,
        HOLDFAST_STARTED: new Date(started).toISOString(),
        HOLDFAST_STATUS: outcomeOf(steps),
        ...(job.group !== undefined && { HOLDFAST_GROUP: job.group }),
      });
      // a thaw comes after an interruption as well
      const signal = phase === 'before' ? context.signal : new AbortController().signal;
      try {
        const said = await runHook(hook, environment, signal);
        tell({ kind: 'hook', outcome: 'done', subject, message: said === '' ? 'done' : said });
      } catch (error) {
        throwIfAborted(signal);
        const stops = hook.onError === 'stop' && phase !== 'on-failure';
        const step = failedStep({ kind: 'hook', subject }, error);
        tell(stops ? step : { ...step, outcome: 'warning', code: 'incomplete' });
        if (stops) goesOn = false;
        if (stops && phase === 'before') return false;
      }
    }
    return goesOn;
  };
}
