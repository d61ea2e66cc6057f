/** How rewrite and repair snapshots tell what became of a snapshot. */
import type { SnapshotOutcome } from '../../operations/replace-snapshot.ts';
import type { SnapshotEntry } from '../../vaults/repository/repository.ts';
import { plural } from './format.ts';
import { shortId } from './snapshots.ts';
import type { Terminal } from './terminal.ts';

export function tellOutcome(
  terminal: Terminal,
  entry: SnapshotEntry,
  outcome: SnapshotOutcome,
  dryRun: boolean,
): void {
  if (outcome.kind === 'unchanged') return;
  const replaced = outcome.kind === 'replaced' ? outcome : undefined;
  const newId = replaced?.newId;
  if (terminal.json) {
    const gone = !replaced || replaced.forget;
    terminal.emit({
      message_type: 'changed',
      old_snapshot_id: entry.id,
      new_snapshot_id: newId,
      removed: gone,
      dry_run: dryRun || undefined,
    });
    return;
  }
  if (!replaced) {
    terminal.say(dryRun ? 'would remove the empty snapshot' : `removed empty snapshot ${shortId(entry.id)}`);
    return;
  }
  terminal.say(newId === undefined ? 'would save a new snapshot' : `saved new snapshot ${shortId(newId)}`);
  if (replaced.forget) {
    terminal.say(dryRun ? 'would remove the old snapshot' : `removed old snapshot ${shortId(entry.id)}`);
  }
}

/** The last line of both verbs. */
export function tellModified(terminal: Terminal, modified: number, dryRun: boolean): void {
  if (terminal.json) return terminal.emit({ message_type: 'summary', changed_snapshots: modified });
  const count = modified === 0 ? 'no snapshots' : plural(modified, 'snapshot');
  const one = modified === 1 ? 'was' : 'were';
  terminal.say('');
  terminal.say(`${count} ${dryRun ? 'would be' : one} modified`);
}
