/** What a run of a job would do, in its order. */
import type { Forecast } from '../../jobs/forecast.ts';
import { hookName, type Hooks } from '../../jobs/hooks.ts';
import type { Job, JobSource } from '../../jobs/job.ts';
import { describePolicy } from '../../operations/forget-policy.ts';

export function planLines(job: Job, forecasts: readonly Forecast[]): string[] {
  const { vaults, sources, check, drill, recipients } = job;
  const hooks = (phase: keyof Hooks, words: string): string[] =>
    job.hooks.flatMap((layer) =>
      layer[phase].map((hook) => `${words} (${hook.timeout / 1000} s at most): ${hookName(hook)}`),
    );
  const names = vaults.map(({ name }) => name).join(', ');
  return [
    ...hooks('before', 'run before'),
    ...sources.map((source) => `back up ${source.name} (${whatOf(source)}) to ${names}`),
    ...hooks('after', 'run after'),
    ...vaults.flatMap(({ name, retention }) =>
      retention === undefined ? [] : [`in ${name} ${describePolicy(retention)} of each source`],
    ),
    ...forecasts.flatMap(({ vault, source, remove, held }) => [
      ...(held === undefined ? [] : [`in ${vault} remove nothing of ${source}: ${held}`]),
      ...remove.map((name) => `in ${vault} remove of ${source}: ${name}`),
    ]),
    ...(check ? [`check ${names} (${readOf(check)})`] : []),
    ...(drill ? [`drill what was backed up to ${names}`] : []),
    ...hooks('onFailure', 'when it failed, run'),
    ...recipients.map(({ name, on }) => `tell ${name} of ${on.join(', ')}`),
  ];
}

function whatOf(source: JobSource): string {
  if (source.kind === 'files') return source.paths.join(', ');
  return source.kind === 'database' ? source.url : source.filename;
}

function readOf({ readData }: NonNullable<Job['check']>): string {
  if (readData === undefined) return 'structure';
  return readData.kind === 'all' ? 'all data' : 'a part of the data';
}
