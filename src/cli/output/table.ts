/** Text tables with restic's look: a header, rules of dashes, cells of several lines, a footer. */
import { displayWidth } from './format.ts';

export interface Table {
  readonly header: readonly string[];
  /** a cell may hold several lines, separated by \n */
  readonly rows: readonly (readonly string[])[];
  readonly footer?: readonly string[];
  /** an empty line between rows */
  readonly spaced?: boolean;
}

const gap = '  ';

/** The lines of the table. */
export function formatTable(table: Table): string[] {
  const widths = table.header.map((title, column) =>
    Math.max(...[title, ...table.rows.map((row) => row[column] ?? '')].map(cellWidth)),
  );
  const rule = '-'.repeat(
    widths.reduce((sum, width) => sum + width, 0) + gap.length * Math.max(0, widths.length - 1),
  );
  const rows = table.rows.flatMap((row, at) => [
    ...(table.spaced && at > 0 ? [''] : []),
    ...formatRow(row, widths),
  ]);
  return [...formatRow(table.header, widths), rule, ...rows, rule, ...(table.footer ?? [])];
}

function cellWidth(cell: string): number {
  return Math.max(...cell.split('\n').map(displayWidth));
}

function formatRow(row: readonly string[], widths: readonly number[]): string[] {
  const cells = row.map((cell) => cell.split('\n'));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, column) => {
        const text = lines[line] ?? '';
        return text + ' '.repeat(Math.max(0, widths[column]! - displayWidth(text)));
      })
      .join(gap)
      .trimEnd(),
  );
}
