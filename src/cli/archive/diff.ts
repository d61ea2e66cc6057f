/** `holdfast diff` of two snapshots of an archive, by what their manifests tell. */
import { HoldfastError } from '../../kernel/errors.ts';
import { type ArchiveChange, diffArchived } from '../../operations/archive/diff.ts';
import { findArchiveSnapshot } from '../../operations/archive/find.ts';
import type { ArchiveFlags } from '../archive-flags.ts';
import type { DiffFlags } from '../commands/diff.ts';
import { plural, quoteUnprintable } from '../output/format.ts';
import { snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation } from '../verb.ts';
import { withArchive } from './open.ts';

const marks: Readonly<Record<ArchiveChange['change'], string>> = {
  added: '+',
  removed: '-',
  changed: 'M',
  type: 'T',
  metadata: 'U',
  perhaps: '?',
};

export async function runArchiveDiff(
  invocation: Invocation,
  [from, to, ...more]: readonly string[],
  flags: ArchiveFlags & DiffFlags,
): Promise<void> {
  const { terminal, environment, context } = invocation;
  const filter = snapshotFilter(flags, environment);
  if (from === undefined || to === undefined || more.length > 0) {
    throw new HoldfastError('usage', 'diff takes two snapshots');
  }
  const { changes: found, sealed } = await withArchive(invocation, flags, async (archive) => {
    const before = await findArchiveSnapshot(archive, from, filter, context);
    const after = await findArchiveSnapshot(archive, to, filter, context);
    if (before.core !== after.core) {
      const names = [before, after].map(({ core }) => quoteUnprintable(core)).join(' and ');
      context.warn(`two sources are compared, ${names}: --path chooses one for latest`);
    }
    return diffArchived(archive, before, after, context);
  });
  const changes = found.filter(({ change }) => flags.metadata || change !== 'metadata');
  if (terminal.json) {
    for (const change of changes) terminal.emit({ message_type: 'change', ...change });
    return terminal.emit({
      message_type: 'statistics',
      source_snapshot: from,
      target_snapshot: to,
      changes: changes.length,
      sealed,
    });
  }
  for (const { what, name, change, before, after } of changes) {
    const noun = what === 'table' ? 'row' : 'byte';
    const counts = [before, after].map((count) => (count === undefined ? 'nothing' : plural(count, noun)));
    terminal.result(`${marks[change]}    ${quoteUnprintable(name)}: ${counts[0]} before, ${counts[1]} now`);
  }
  if (sealed.length > 0) {
    const what = sealed.length === 1 ? 'is encrypted' : 'are encrypted';
    terminal.complain(
      `${sealed.map(quoteUnprintable).join(' and ')} ${what}: what changed inside cannot be seen\nhint: --identity FILE names the key that opens them, and tables are compared then`,
    );
  }
  terminal.say(changes.length === 0 ? 'nothing changed' : `${plural(changes.length, 'change')}`);
}
