/** Plans and performs a forget, and the prune that may follow it. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, messageOf } from '../kernel/errors.ts';
import { describePolicy } from '../operations/forget-policy.ts';
import type { ForgetGroup, ForgetPlan } from '../operations/forget.ts';
import { performForget, planForget } from '../operations/forget.ts';
import { parseGroupBy } from '../operations/snapshot-groups.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import type { ForgetFlags } from './forget-options.ts';
import { forgetPolicy } from './forget-options.ts';
import { plural } from './output/format.ts';
import { groupHeader, shortId, snapshotJson, snapshotTable } from './output/snapshots.ts';
import { pruneOptions } from './prune-flags.ts';
import { runPrune } from './run-prune.ts';
import { withRepository } from './session.ts';
import { snapshotFilter } from './snapshot-flags.ts';
import type { Invocation } from './verb.ts';

export async function runForget(
  invocation: Invocation,
  ids: readonly string[],
  flags: ForgetFlags,
): Promise<void> {
  const { terminal, environment, settings } = invocation;
  const policy = forgetPolicy(flags);
  const host = flags.host ?? flags.hostname;
  const options = {
    policy,
    filter: snapshotFilter(host ? { ...flags, host } : flags, environment, ids),
    groupBy: parseGroupBy(flags.groupBy),
    unsafeAllowRemoveAll: flags.unsafeAllowRemoveAll ?? false,
  };
  const pruning = pruneOptions(flags, settings);
  const dryRun = flags.dryRun ?? false;
  const lock = settings.lock ? 'exclusive' : 'none';

  await withRepository(invocation, { lock, prefetch: ['snapshot'] }, async (repository, context) => {
    const plan = await planForget(repository, options, context);
    if (ids.length === 0) terminal.say(`Applying Policy: ${describePolicy(policy)}`);
    if (!terminal.json) for (const group of plan.groups) tellGroup(invocation, group, flags);
    await removeSnapshots(invocation, repository, plan, dryRun, context);
    if (!flags.prune || plan.remove.length === 0) return;
    const count = plural(plan.remove.length, 'snapshot');
    terminal.say(dryRun ? `${count} would be removed, planning a prune` : `${count} removed, pruning`);
    const ignoreSnapshots = new Set(plan.remove);
    await runPrune(invocation, repository, { ...pruning, ignoreSnapshots, dryRun }, context);
  });
}

async function removeSnapshots(
  { terminal }: Invocation,
  repository: Repository,
  plan: ForgetPlan,
  dryRun: boolean,
  context: Context,
): Promise<void> {
  if (dryRun) {
    tellJson();
    if (plan.remove.length > 0) {
      terminal.say(`would remove ${plural(plan.remove.length, 'snapshot')}: ${plan.remove.join(' ')}`);
    }
    return;
  }
  const { removed, failed } = await performForget(repository, plan, context);
  for (const id of removed) terminal.trace(`removed snapshot/${id}`);
  if (removed.length > 0) terminal.say(`removed ${plural(removed.length, 'snapshot')}`);
  for (const { id, error } of failed) {
    context.warn(`snapshot ${shortId(id)} could not be removed: ${messageOf(error)}`);
  }
  tellJson();
  if (failed.length > 0) {
    throw new HoldfastError('incomplete', `${plural(failed.length, 'snapshot')} could not be removed`);
  }

  function tellJson(): void {
    if (terminal.json && plan.groups.length > 0) terminal.emit(plan.groups.map(groupJson));
  }
}

function tellGroup({ terminal }: Invocation, { key, keep, remove }: ForgetGroup, flags: ForgetFlags): void {
  const header = groupHeader(key);
  if (header) terminal.say(header);
  const compact = flags.compact ?? false;
  if (keep.length > 0) {
    const reasons = new Map(keep.map(({ entry, matches }) => [entry.id, matches]));
    terminal.say(`keep ${plural(keep.length, 'snapshot')}:`);
    for (const line of snapshotTable(
      keep.map(({ entry }) => entry),
      { compact, reasons },
    )) {
      terminal.say(line);
    }
    terminal.say('');
  }
  if (remove.length > 0) {
    terminal.say(`remove ${plural(remove.length, 'snapshot')}:`);
    for (const line of snapshotTable(remove, { compact })) terminal.say(line);
    terminal.say('');
  }
}

/** restic's object of a group; empty lists are null there. */
function groupJson({ key, keep, remove }: ForgetGroup): object {
  const list = <T>(items: readonly T[]): readonly T[] | null => (items.length > 0 ? items : null);
  return {
    tags: key.tags ?? null,
    host: key.hostname,
    paths: key.paths ?? null,
    keep: list(keep.map(({ entry }) => snapshotJson(entry))),
    remove: list(remove.map(snapshotJson)),
    reasons: list(keep.map(({ entry, matches }) => ({ snapshot: snapshotJson(entry), matches }))),
  };
}
