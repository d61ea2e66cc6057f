/** How a restore into a database is announced: what would be lost, and what would be done. */
import type { DatabaseLoss, RestorePlan } from '../../sources/database/restore-plan.ts';
import { formatBytes, plural, quoteUnprintable } from './format.ts';
import type { Terminal } from './terminal.ts';

const namedTables = 20;

/** What will be gone: all of it in one line, then the largest tables. */
export function lossLines({ what, tables, others }: DatabaseLoss): string[] {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  const about = tables.every(({ exact }) => exact) ? '' : 'about ';
  const more = others > 0 ? ` and ${plural(others, 'other object')}` : '';
  const largest = tables.toSorted((a, b) => b.bytes - a.bytes).slice(0, namedTables);
  const left = tables.length - largest.length;
  return [
    `${what} will lose ${plural(tables.length, 'table')} with ${about}${plural(rows, 'row')} (${formatBytes(bytes)})${more}:`,
    ...largest.map(
      ({ name, rows, exact, bytes }) =>
        `  ${quoteUnprintable(name)}: ${exact ? '' : 'about '}${plural(rows, 'row')}, ${formatBytes(bytes)}`,
    ),
    ...(left > 0 ? [`  and ${plural(left, 'smaller table')}`] : []),
  ];
}

export function tellDryRun(terminal: Terminal, database: string, plan: RestorePlan): void {
  if (terminal.json) {
    const { steps, loss, tables, rows } = plan;
    terminal.emit({ message_type: 'summary', dry_run: true, database, steps, loss, tables, rows });
    return;
  }
  for (const line of plan.loss ? lossLines(plan.loss) : []) terminal.say(line);
  for (const step of plan.steps) terminal.say(`would ${step}`);
  const rows = plural(plan.rows, 'row');
  terminal.say(`would restore ${plural(plan.tables, 'table')} with ${rows} into ${database}`);
}
