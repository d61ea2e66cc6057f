/** The command line of the benchmark of dumps. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { oneOf, positive } from '../options.ts';

export const scenarioNames = ['deduplication', 'postgres', 'mariadb', 'mariadb-letters'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface DumpOptions {
  /** megabytes of the dump whose growth is measured */
  readonly megabytes: number;
  /** megabytes of the dump whose pace is measured */
  readonly paceMegabytes: number;
  readonly nights: number;
  readonly runs: number;
  readonly only: ReadonlySet<ScenarioName>;
  /** folder for repositories and dumps; emptied as the benchmark goes on */
  readonly work: string;
  readonly profile: boolean;
  readonly record: boolean;
  readonly build: boolean;
}

export const usage = `npm run bench:dumps -- [options]
  --mb N         size of the dump whose growth is measured, in megabytes (default 160)
  --nights N     nights of that (default 10)
  --pace-mb N    size of the dump whose pace is measured, in megabytes (default 2048)
  --runs N       runs of pace, each a first and a later night (default 2)
  --only A,B     scenarios: ${scenarioNames.join(', ')} (default: all)
  --work DIR     folder for repositories and dumps
  --profile      say where holdfast's time goes
  --no-record    do not write docs/benchmarks-dumps.json and docs/benchmarks-dumps.md
  --no-build     measure dist as it is`;

/** Throws a sentence for what makes no sense. */
export function parseOptions(args: string[]): DumpOptions {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      mb: { type: 'string', default: '160' },
      nights: { type: 'string', default: '10' },
      'pace-mb': { type: 'string', default: '2048' },
      runs: { type: 'string', default: '2' },
      only: { type: 'string', default: scenarioNames.join(',') },
      work: { type: 'string', default: join(tmpdir(), 'holdfast-bench-dumps') },
      profile: { type: 'boolean', default: false },
      record: { type: 'boolean', default: true },
      build: { type: 'boolean', default: true },
    },
  });
  return {
    megabytes: positive('mb', values.mb),
    nights: positive('nights', values.nights),
    paceMegabytes: positive('pace-mb', values['pace-mb']),
    runs: positive('runs', values.runs),
    only: new Set(values.only.split(',').map((name) => oneOf(scenarioNames, name))),
    work: values.work,
    profile: values.profile,
    record: values.record,
    build: values.build,
  };
}
