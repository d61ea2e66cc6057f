/** `holdfast run`: jobs one after the other, what they do told as it happens, and one status for all. */
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EffectiveConfig, effectiveConfig } from '../config/effective.ts';
import { loadConfig } from '../config/load.ts';
import { type Problem, problemLine } from '../config/problem.ts';
import { suggestion } from '../config/schema/suggestion.ts';
import { type Forecast, forecastRetention } from '../jobs/forecast.ts';
import { failedStep } from '../jobs/failed-step.ts';
import type { Job, Step } from '../jobs/job.ts';
import { type JobReport, stepLine, verdict } from '../jobs/report.ts';
import type { RunContext } from '../jobs/run-context.ts';
import { runJob } from '../jobs/run-job.ts';
import { tellRecipients } from '../jobs/tell.ts';
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import type { SecretReference } from '../kernel/secret.ts';
import { runnableJob, secretVariables } from './configuration/job.ts';
import { recipient } from './configuration/notification.ts';
import { configPlaces } from './configuration/places.ts';
import { dataDirectory } from './directories.ts';
import type { Environment } from './environment.ts';
import { setting, settings as environmentSettings } from './environment.ts';
import { cacheBase } from './local-cache.ts';
import { backupStatusJson, backupStatusLines, tellItem } from './output/backup.ts';
import { plural, quoteUnprintable } from './output/format.ts';
import { startProgress } from './output/progress.ts';
import { planLines } from './output/job-plan.ts';
import { stateFolder } from './state-folder.ts';
import { readVersion } from './version.ts';
import type { Invocation } from './verb.ts';

export interface RunFlags {
  all?: boolean;
  dryRun?: boolean;
  acceptSize?: boolean;
}

/** Codes `usage`, `not-found`, those of the jobs (see `verdict`), `interrupted`. */
export async function runJobs(
  invocation: Invocation,
  names: readonly string[],
  flags: RunFlags,
): Promise<void> {
  const { settings, environment, terminal } = invocation;
  const config = effectiveConfig(loadConfig(configPlaces(settings.configuration, environment)));
  const wanted = chosenJobs(config, names, flags);
  const reports: JobReport[] = [];
  const context = runContext(invocation, config);
  // what cannot be read may have had jobs
  const unread = config.problems.filter(({ entry }) => entry === undefined).map(problemLine);
  if (flags.all && unread.length > 0) {
    reports.push(await failBroken(invocation, config, 'the configuration', unread, flags, context));
  } else for (const line of unread) context.warn(line);
  for (const name of wanted) {
    const job = await prepared(invocation, config, name, flags);
    if ('problems' in job) {
      reports.push(await failBroken(invocation, config, name, job.problems, flags, context));
      continue;
    }
    if (flags.dryRun) {
      tellPlan(invocation, job, await forecastRetention(job, context));
      continue;
    }
    tellStart(invocation, name);
    const report = await runJob(job, { ...context, onStep: (step) => tellStep(invocation, name, step) });
    tellEnd(invocation, report);
    throwIfAborted(context.signal);
    reports.push(report);
  }
  if (terminal.json && !flags.dryRun) {
    const counts = (outcome: JobReport['outcome']): number =>
      reports.filter((report) => report.outcome === outcome).length;
    terminal.emit({
      message_type: 'summary',
      ...{ jobs: reports.length, success: counts('success'), warning: counts('warning') },
      failure: counts('failure'),
    });
  }
  const bad = verdict(reports);
  if (bad) throw bad;
}

/** In the order of the configuration for --all, else as they are named. */
function chosenJobs(config: EffectiveConfig, names: readonly string[], { all }: RunFlags): readonly string[] {
  if (all && names.length > 0)
    throw new HoldfastError('usage', '--all and names of jobs contradict each other');
  if (config.place === undefined) {
    throw new HoldfastError('not-found', 'there is no configuration', {
      hint: '`holdfast config init` writes one',
    });
  }
  if (!all && names.length === 0) {
    throw new HoldfastError('usage', 'run takes names of jobs, or --all', { hint: knownJobs(config) });
  }
  if (all && config.jobNames.length === 0) {
    const [problem] = config.problems;
    throw new HoldfastError('usage', problem ? problemLine(problem) : `${config.place} defines no jobs`);
  }
  const absent = names.find((name) => !config.jobNames.includes(name));
  if (absent !== undefined) {
    const { problems, jobNames } = config;
    const unread = problems.find(({ entry }) => entry === undefined);
    throw new HoldfastError('usage', `there is no job ${absent}${suggestion(absent, jobNames)}`, {
      hint: unread ? problemLine(unread) : knownJobs(config),
    });
  }
  return all ? config.jobNames : [...new Set(names)];
}

function knownJobs({ jobNames, place }: EffectiveConfig): string {
  return jobNames.length > 0 ? `there are ${jobNames.join(', ')}` : `${place} defines no jobs`;
}

/** The job, or why it cannot be run. */
async function prepared(
  invocation: Invocation,
  config: EffectiveConfig,
  name: string,
  { acceptSize = false }: RunFlags,
): Promise<Job | { readonly problems: readonly string[] }> {
  const job = config.jobs.get(name);
  if (!job) {
    const own = config.problems.filter(({ entry }) => entry?.section === 'jobs' && entry.name === name);
    return { problems: [...own, ...causesOf(config, own)].map(problemLine) };
  }
  const { environment } = invocation;
  try {
    return await runnableJob(config, job, {
      acceptSize,
      hostname: setting(environment, 'HOST') ?? hostname(),
      cacheBase: cacheBase(invocation),
      certificates: join(dataDirectory(environment), 'certificates'),
      password: passwordOfEnvironment(environment),
    });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { problems: [error.message] };
  }
}

/** What is wrong with the entries that a job refers to. */
function causesOf({ problems }: EffectiveConfig, own: readonly Problem[]): readonly Problem[] {
  const isMeant = ({ entry }: Problem): boolean => {
    if (entry === undefined) return false;
    const told = entry.section === 'defaults' ? ' the defaults are wrong' : ` ${entry.name} is wrong`;
    return own.some(({ message }) => message.endsWith(told));
  };
  return problems.filter((problem) => problem.entry?.section !== 'jobs' && isMeant(problem));
}

/** A job that the configuration gets wrong makes no backups, which those want to know whom it would tell. */
async function failBroken(
  invocation: Invocation,
  config: EffectiveConfig,
  job: string,
  problems: readonly string[],
  { dryRun }: RunFlags,
  context: RunContext,
): Promise<JobReport> {
  const now = context.clock.now();
  const steps = problems.map((problem) =>
    failedStep({ kind: 'backup', subject: job }, new HoldfastError('usage', problem)),
  );
  const report: JobReport = { job, outcome: 'failure', steps, started: now, finished: now };
  const recipients = (config.told.get(job) ?? []).map((name) => recipient(config.notifications.get(name)!));
  tellStart(invocation, job);
  for (const step of steps) tellStep(invocation, job, step);
  const told = dryRun ? [] : await tellRecipients(recipients, report, context);
  for (const step of told) tellStep(invocation, job, step);
  const all = { ...report, steps: [...steps, ...told] };
  tellEnd(invocation, all);
  return all;
}

/** Where the environment says that the password of repositories is. */
function passwordOfEnvironment(environment: Environment): SecretReference | undefined {
  const names = ['PASSWORD', 'PASSWORD_FILE', 'PASSWORD_COMMAND'] as const;
  const found = environmentSettings(environment, names);
  if (found.PASSWORD_COMMAND) return { kind: 'command', command: found.PASSWORD_COMMAND };
  if (found.PASSWORD_FILE) return { kind: 'file', path: found.PASSWORD_FILE };
  if (!found.PASSWORD) return undefined;
  return { kind: 'env', name: environment['HOLDFAST_PASSWORD'] ? 'HOLDFAST_PASSWORD' : 'RESTIC_PASSWORD' };
}

function runContext(invocation: Invocation, config: EffectiveConfig): RunContext {
  const { environment, terminal, context } = invocation;
  const cache = cacheBase(invocation);
  return {
    ...context,
    warn: (message) => context.warn(message),
    environment,
    secretVariables: secretVariables(config),
    programVersion: `holdfast ${readVersion()}`,
    temporaryFolder: tmpdir(),
    stateFolder: () => stateFolder(environment),
    ownPaths: cache === undefined ? [] : [cache],
    programs: (name) => setting(environment, name),
    onStep: () => {},
    onBackup(_subject, read) {
      const progress = startProgress(terminal, environment, {
        lines: (elapsed) => backupStatusLines(read(), undefined, elapsed),
        json: (elapsed) => backupStatusJson(read(), undefined, elapsed),
      });
      return () => progress.done();
    },
    onItem: (_subject, item) => tellItem(terminal, item),
  };
}

function tellStart({ terminal }: Invocation, job: string): void {
  if (terminal.json) terminal.emit({ message_type: 'job_started', job });
  else terminal.say(`${job}:`);
}

/** What is wrong is told on standard error as well as it goes on. */
function tellStep({ terminal }: Invocation, job: string, step: Step): void {
  const { details, kind, ...rest } = step;
  if (terminal.json) {
    terminal.emit({ message_type: 'step', job, step: kind, ...rest, ...details });
    return;
  }
  const line = `  ${quoteUnprintable(stepLine(step))}`;
  if (step.outcome === 'done') return terminal.say(line);
  terminal.complain(step.hint === undefined ? line : `${line} (${step.hint})`);
}

function tellEnd({ terminal }: Invocation, { job, outcome, started, finished }: JobReport): void {
  const seconds = (finished - started) / 1000;
  if (terminal.json) {
    terminal.emit({ message_type: 'job_finished', job, outcome, seconds });
    return;
  }
  const words = { success: 'done', warning: 'done, with warnings', failure: 'failed' } as const;
  terminal.say(`${job}: ${words[outcome]} after ${plural(Math.round(seconds), 'second')}`);
}

function tellPlan({ terminal }: Invocation, job: Job, forecasts: readonly Forecast[]): void {
  const lines = planLines(job, forecasts);
  if (terminal.json)
    terminal.emit({ message_type: 'plan', job: job.name, plan: lines, retention: forecasts });
  else for (const line of [`${job.name}:`, ...lines.map((line) => `  ${line}`)]) terminal.result(line);
}
