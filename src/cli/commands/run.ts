/** `holdfast run` */
import type { Command } from 'commander';
import type { RunFlags } from '../run-jobs.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export function runCommand(runtime: Runtime): Command {
  const command = verb(
    'run',
    '[flags] JOB... | --all',
    'Does jobs of the configuration once, whole: hooks, backup to every vault, retention, check, drill, and who\n' +
      'is told. One job that fails does not keep the others; the status tells of all.',
  )
    .option('--all', 'all jobs, in the order of the configuration')
    .option('-n, --dry-run', 'only say what would be done, and what retention would remove')
    .option(
      '--accept-size',
      'what this run makes has the right size, however small: it replaces and retains as usual, and later runs are compared with it',
    )
    .action(
      action<RunFlags>(runtime, async (invocation, names, flags) => {
        const { runJobs } = await import('../run-jobs.ts');
        await runJobs(invocation, names, flags);
      }),
    );
  return withExamples(command, [
    ['holdfast run nightly', 'one job; cron needs no more than this line'],
    ['holdfast run --all --json', 'all of them, an object for each thing that is done'],
    ['holdfast run --accept-size nightly', 'when half of the data was deleted on purpose'],
    ['holdfast run --dry-run nightly', 'what it would do'],
  ]);
}
