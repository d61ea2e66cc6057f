/** `holdfast forget` on an archive: by a policy that fits its layout, or by name. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { findArchiveSnapshots } from '../../operations/archive/find.ts';
import { performArchiveForget, planArchiveForget } from '../../operations/archive/forget.ts';
import { removeLeftovers } from '../../operations/archive/leftovers.ts';
import {
  defaultMinSizeRatio,
  describeArchivePolicy,
  policyForLayout,
} from '../../operations/archive/policy.ts';
import { isEmptyFilter } from '../../vaults/repository/snapshot-filter.ts';
import type { ArchiveSnapshot } from '../../vaults/archive/archive.ts';
import { findLayout } from '../../vaults/archive/archive.ts';
import { type ArchiveFlags, parseSizeRatio } from '../archive-flags.ts';
import type { ForgetFlags } from '../forget-options.ts';
import { forgetPolicy } from '../forget-options.ts';
import { plural } from '../output/format.ts';
import { snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation } from '../verb.ts';
import { withArchive } from './open.ts';
import { archiveSnapshotJson, archiveTable } from './table.ts';

export async function runArchiveForget(
  invocation: Invocation,
  ids: readonly string[],
  flags: ForgetFlags & ArchiveFlags,
): Promise<void> {
  const { terminal, environment, context } = invocation;
  if (flags.unsafeAllowRemoveAll) {
    throw new HoldfastError(
      'usage',
      '--unsafe-allow-remove-all is for repositories: the newest of an archive stays',
    );
  }
  const host = flags.host ?? flags.hostname;
  const filter = snapshotFilter(host ? { ...flags, host } : flags, environment, ids);
  const minSizeRatio = parseSizeRatio(flags.minSizeRatio) ?? defaultMinSizeRatio;
  await withArchive(invocation, flags, async (archive) => {
    const named = ids.length > 0;
    const found =
      named || !isEmptyFilter(filter)
        ? await findArchiveSnapshots(archive, filter, context, named ? 'named' : 'none')
        : undefined;
    const older = found?.find((snapshot) => snapshot.older);
    if (older) {
      throw new HoldfastError(
        'usage',
        `${older.name} is an older version of a file, and forget leaves those`,
        {
          hint: "the bucket's lifecycle removes them: `holdfast bucket prepare` says how many stay",
        },
      );
    }
    const chosen = found && new Set(found.map(({ id }) => id));
    const layout = (await findLayout(archive, context.signal)) ?? 'dated';
    const policy = policyForLayout(layout, forgetPolicy(flags));
    const plan = await planArchiveForget(
      archive,
      { policy, minSizeRatio, chosen: ({ id }) => chosen?.has(id) ?? true },
      context,
    );
    const remove = named ? [...plan.keep.map(({ snapshot }) => snapshot), ...plan.remove] : plan.remove;
    const held = named ? [] : plan.held;
    for (const why of held) context.warn(why);
    if (!named) {
      terminal.say(`applying the policy: ${describeArchivePolicy(policy)}`);
      const reasons = new Map(plan.keep.map(({ snapshot, reasons }) => [snapshot, reasons]));
      tellTable(invocation, 'keep', [...reasons.keys()], reasons);
    }
    tellTable(invocation, flags.dryRun ? 'would remove' : 'remove', remove);
    const lost = named || held.length > 0 ? [] : plan.lost;
    for (const name of lost) {
      context.warn(`${name} tells of files that are missing, and ${flags.dryRun ? 'would go' : 'goes'}`);
    }
    const failed: string[] = [];
    if (!flags.dryRun) {
      const done = await performArchiveForget(
        archive,
        { remove, unfinished: [...plan.unfinished, ...lost] },
        context,
      );
      for (const { snapshot, error } of done.failed) {
        failed.push(snapshot.name);
        context.warn(`${snapshot.name} could not be removed: ${messageOf(error)}`);
      }
      terminal.say(`removed ${plural(done.removed.length, 'snapshot')}`);
      await removeLeftovers(archive, context);
    }
    if (terminal.json) {
      terminal.emit({
        keep: named
          ? []
          : plan.keep.map(({ snapshot, reasons }) => ({ ...archiveSnapshotJson(snapshot), reasons })),
        remove: remove.map(archiveSnapshotJson),
        held,
      });
    }
    if (failed.length > 0) {
      throw new HoldfastError('incomplete', `${plural(failed.length, 'snapshot')} could not be removed`);
    }
  });
}

function tellTable(
  { terminal }: Invocation,
  what: string,
  snapshots: readonly ArchiveSnapshot[],
  reasons?: ReadonlyMap<ArchiveSnapshot, readonly string[]>,
): void {
  if (terminal.json || snapshots.length === 0) return;
  terminal.say(`${what} ${plural(snapshots.length, 'snapshot')}:`);
  for (const line of archiveTable(snapshots, reasons)) terminal.say(line);
  terminal.say('');
}
