/** How it is told what changed in a database from one snapshot to another. */
import type { DatabaseDiff, TableChange } from '../../operations/database/database-diff.ts';
import { plural } from './format.ts';
import { tableName } from './show.ts';
import type { Terminal } from './terminal.ts';

const modifiers = { added: '+', removed: '-', changed: 'M' } as const;

/** Tells of a table as soon as it is known. */
export function tableTeller(terminal: Terminal): (change: TableChange) => void | Promise<void> {
  return (change) => {
    if (terminal.verbosity === 0) return;
    if (terminal.json) {
      terminal.emit({
        message_type: 'table',
        schema: change.schema,
        table: change.name,
        modifier: modifiers[change.change],
        rows: change.rows,
        rows_added: change.added,
        rows_removed: change.removed,
      });
    } else {
      terminal.result(`${modifiers[change.change].padEnd(5)}${tableName(change)}  ${whatChanged(change)}`);
    }
    return terminal.settle();
  };
}

function whatChanged({ change, rows, added, removed }: TableChange): string {
  if (change !== 'changed') return plural(rows, 'row');
  const rowsOf = (count: number, what: string): string => `${plural(count, 'row')} ${what}`;
  return `${rowsOf(added, 'added')}, ${rowsOf(removed, 'removed')}`;
}

export function tellDatabaseDiff(
  terminal: Terminal,
  [from, to]: readonly [from: string, to: string],
  diff: DatabaseDiff,
): void {
  if (terminal.json) {
    terminal.emit({
      message_type: 'database_statistics',
      source_snapshot: from,
      target_snapshot: to,
      tables_added: diff.tablesAdded,
      tables_removed: diff.tablesRemoved,
      tables_changed: diff.tablesChanged,
      tables_unchanged: diff.tablesUnchanged,
      rows_added: diff.rowsAdded,
      rows_removed: diff.rowsRemoved,
      schema_changed: diff.schemaChanged,
      sequences_changed: diff.sequencesChanged,
    });
    return;
  }
  const { tablesAdded, tablesRemoved, tablesChanged, tablesUnchanged } = diff;
  terminal.result('');
  if (tablesUnchanged === undefined) return terminal.result('both snapshots hold the same dump');
  terminal.result(
    `Tables:    ${tablesAdded} new, ${tablesRemoved} removed, ${tablesChanged} changed, ${tablesUnchanged} unchanged`,
  );
  terminal.result(`Rows:      ${diff.rowsAdded} added, ${diff.rowsRemoved} removed`);
  terminal.result(`Schema:    ${diff.schemaChanged ? 'changed' : 'unchanged'}`);
  terminal.result(`Sequences: ${diff.sequencesChanged ? 'changed' : 'unchanged'}`);
}
