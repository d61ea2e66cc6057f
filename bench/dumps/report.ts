/** Shows what the benchmark of dumps found: on the terminal, and in docs/benchmarks-dumps.md. */
import { renderTable } from '../report.ts';
import { firstNight, laterNight } from './pace.ts';
import type { DumpResults, GrowthResult, PaceResult } from './result.ts';

const head = `# Benchmarks of database backups

Made by \`npm run bench:dumps\` on generated rows: ids, addresses, names, times, hexadecimal tokens, amounts and notes of
random words. Figures of one machine at one time: ratios say more than seconds. The raw figures are in
[benchmarks-dumps.json](benchmarks-dumps.json).
`;

/** The whole page. */
export function renderPage(results: DumpResults): string {
  const { growth, postgres, mariadb, 'mariadb-letters': inLetters } = results;
  return [
    head,
    ...(growth ? [renderGrowth(growth)] : []),
    ...[postgres, mariadb, inLetters].filter((pace) => pace !== undefined).map(renderPace),
  ].join('\n');
}

export function renderGrowth(result: GrowthResult): string {
  const { nights, versions, server, machine, date } = result;
  const names = Object.keys(versions);
  const grown = (name: string): number[] => nights.map((night) => night.grown[name] ?? 0);
  const total = (name: string): number => grown(name).reduce((sum, bytes) => sum + bytes, 0);
  const rows = nights.map(({ what, grown }, night) => [
    `${night + 1}: ${what}`,
    ...names.map((name) => megabytes(grown[name] ?? 0)),
  ]);
  const sum = [
    `the repository after ${nights.length} nights`,
    ...names.map((name) => megabytes(total(name))),
  ];
  return [
    '## Growth from night to night\n',
    `Two tables of ${server}, a plain dump of ${megabytes(nights[0]?.dumpBytes ?? 0)} MB at first; megabytes (10^6 bytes) by which the`,
    'repository grows each night. Holdfast asks the database, the others get the plain dump of the same moment through',
    'standard input. borg compresses with zstd level 3. Wanted: after 1% scattered changes at most half of what restic adds,',
    'after appended rows at most as much, and after ten nights the smallest repository.',
    `${date}, ${machine}; ${naming(versions)}.\n`,
    ...renderTable(['night', ...names], [...rows, sum]),
    '',
  ].join('\n');
}

export function renderPace(result: PaceResult): string {
  const { title, programs, machine, date, versions, subject } = result;
  const alone: Record<string, string> = { [firstNight[1]]: firstNight[0], [laterNight[1]]: laterNight[0] };
  const rows = Object.entries(programs).map(([name, figures]) => {
    const { seconds, medianSeconds, medianCpuSeconds, peakMiB, repositoryBytes } = figures;
    const base = programs[alone[name] ?? ''];
    return [
      name,
      medianSeconds.toFixed(2),
      `${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)}`,
      base ? (medianSeconds / base.medianSeconds).toFixed(2) : '',
      medianCpuSeconds.toFixed(2),
      String(peakMiB),
      repositoryBytes === undefined ? '' : (repositoryBytes / 2 ** 20).toFixed(0),
    ];
  });
  const columns = ['night', 'median s', 'fastest to slowest', 'times the dump', 'CPU s'];
  return [
    `## Pace: ${title}\n`,
    `${subject} Before each later night 1% of the rows are appended and 0.1% changed here and there. CPU and memory are those`,
    "of the dump program and of Holdfast, without the server's. Wanted: a first night of at most 1.6 times the dump alone, a",
    'later one of at most 1.2 times, and less than 400 MiB.',
    `${date}, ${machine}; ${naming(versions)}.\n`,
    ...renderTable([...columns, 'peak MiB', 'repository MiB'], rows),
    '',
  ].join('\n');
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e8 ? 2 : 1);

const naming = (versions: Readonly<Record<string, string>>): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
