/** The benchmark's command line. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export const scenarioNames = [
  'first',
  'again',
  'check',
  'restore',
  'small',
  's3',
  'snapshots',
  'version',
  'large',
] as const;

/** `large` fills the disk and takes long: only when asked for. */
const usual = scenarioNames.filter((name) => name !== 'large');

export type ScenarioName = (typeof scenarioNames)[number];

export interface Options {
  readonly tree: string;
  readonly runs: number;
  readonly only: ReadonlySet<ScenarioName>;
  /** names of the programs to run, or undefined for all that are here */
  readonly programs: ReadonlySet<string> | undefined;
  /** folder for repositories and restored trees; emptied as the benchmark goes on */
  readonly work: string;
  readonly smallFiles: number;
  readonly largeGib: number;
  readonly profile: boolean;
  readonly record: boolean;
  readonly build: boolean;
}

export const usage = `npm run bench -- [options]
  --tree DIR        what is backed up (default /usr/lib)
  --runs N          runs of each program, alternating (default 3)
  --only A,B        scenarios: ${scenarioNames.join(', ')}
                    (default: all but large)
  --programs A,B    programs: holdfast, restic, borg, tar, kopia, rustic (default: all that are here)
  --work DIR        folder for repositories and restored trees
  --small-files N   files of the scenario small (default 200000)
  --large-gib N     size of the tree of the scenario large (default 40); twice as much disk is needed
  --profile         only holdfast's first backup, with its seconds by stage
  --no-record       do not write docs/benchmarks.json and docs/benchmarks.md
  --no-build        measure dist as it is`;

/** Throws a sentence for what makes no sense. */
export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      tree: { type: 'string', default: '/usr/lib' },
      runs: { type: 'string', default: '3' },
      only: { type: 'string', default: usual.join(',') },
      programs: { type: 'string' },
      work: { type: 'string', default: join(tmpdir(), 'holdfast-bench') },
      'small-files': { type: 'string', default: '200000' },
      'large-gib': { type: 'string', default: '40' },
      profile: { type: 'boolean', default: false },
      record: { type: 'boolean', default: true },
      build: { type: 'boolean', default: true },
    },
  });
  return {
    tree: values.tree,
    runs: positive('runs', values.runs),
    only: new Set(values.only.split(',').map((name) => oneOf(scenarioNames, name))),
    programs: values.programs === undefined ? undefined : new Set(values.programs.split(',')),
    work: values.work,
    smallFiles: positive('small-files', values['small-files']),
    largeGib: positive('large-gib', values['large-gib']),
    profile: values.profile,
    record: values.record,
    build: values.build,
  };
}

/** The scenario of that name. */
export function oneOf<Name extends string>(names: readonly Name[], text: string): Name {
  const name = names.find((each) => each === text);
  if (name === undefined) throw new Error(`no scenario is called ${text}: ${names.join(', ')}`);
  return name;
}

/** The whole number above 0 that a flag was given. */
export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} needs a whole number above 0`);
  return value;
}
