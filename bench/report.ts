/** Shows results as tables: on the terminal, and in docs/benchmarks.md. */
import type { Figures, Results, ScenarioResult } from './result.ts';

const head = `# Benchmarks

Made by \`npm run bench\`: each program in turn on the same tree, warmed, several times over; the same password for all;
repositories on the same disk. Peak memory is that of the largest process. "Pace" is how many times Holdfast's median
fits into the other program's: above 1, Holdfast is faster. The raw figures are in [benchmarks.json](benchmarks.json).
borg compresses with zstd level 3; tar is piped to \`zstd -3 -T2\`, neither deduplicated nor encrypted.
`;

/** The whole page. */
export function renderPage(results: Results): string {
  return [head, ...Object.values(results).map(renderScenario)].join('\n');
}

/** One scenario as a heading, a sentence and a table. */
export function renderScenario(result: ScenarioResult): string {
  const columns = [
    'program',
    'median s',
    'fastest to slowest',
    'pace',
    'CPU s',
    'peak MiB',
    'repository MiB',
  ];
  const ours = result.programs['holdfast'];
  const rows = Object.entries(result.programs).map(([name, figures]) => renderRow(name, figures, ours));
  const versions = Object.entries(result.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `## ${result.title}\n`,
    `${result.subject} ${result.date}, ${result.machine}; ${versions.join(', ')}.\n`,
    ...renderTable(columns, rows),
    '',
  ].join('\n');
}

/** The lines of a table: the first column to the left, figures to the right. */
export function renderTable(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(columns), rule, ...rows.map(line)];
}

function renderRow(name: string, figures: Figures, ours: Figures | undefined): string[] {
  const { seconds, medianSeconds, medianCpuSeconds, peakMiB, repositoryBytes } = figures;
  const digits = medianSeconds < 1 ? 3 : 2;
  return [
    name,
    medianSeconds.toFixed(digits),
    `${Math.min(...seconds).toFixed(digits)} to ${Math.max(...seconds).toFixed(digits)}`,
    ours === undefined || ours === figures ? '' : (medianSeconds / ours.medianSeconds).toFixed(2),
    medianCpuSeconds.toFixed(2),
    String(peakMiB),
    repositoryBytes === undefined ? '' : (repositoryBytes / 2 ** 20).toFixed(0),
  ];
}

/** The last JSON object on standard error, which holdfast prints there when it is profiled; seconds by stage. */
export function renderProfile(stderr: string): string {
  const line = stderr.split('\n').findLast((each) => each.startsWith('{'));
  if (line === undefined) return 'holdfast printed no profile';
  const lines = flatten(JSON.parse(line) as Record<string, unknown>);
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function flatten(value: Readonly<Record<string, unknown>>, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([name, inner]): [string, string][] => {
    if (typeof inner === 'number') return [[prefix + name, inner.toFixed(Number.isInteger(inner) ? 0 : 3)]];
    if (typeof inner === 'object' && inner !== null) return flatten({ ...inner }, `${prefix}${name} `);
    return [[prefix + name, String(inner)]];
  });
}
