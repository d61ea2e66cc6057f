/** What a run removes from an archive, source by source. */
import { hasCode, HoldfastError } from '../kernel/errors.ts';
import {
  type ArchiveForgetPlan,
  performArchiveForget,
  planArchiveForget,
} from '../operations/archive/forget.ts';
import { policyForLayout } from '../operations/archive/policy.ts';
import { type Archive, findLayout } from '../vaults/archive/archive.ts';
import { coreName } from '../vaults/archive/layout/layout.ts';
import { withArchiveLock } from '../vaults/archive/lock.ts';
import type { Manifest, ManifestSource } from '../vaults/archive/manifest.ts';
import type { ArchiveJobVault, Job, Step } from './job.ts';
import type { RunContext } from './run-context.ts';
import { counted } from './wording.ts';

/** `coming` is the time of a backup that is still to be made. */
export async function planSource(
  archive: Archive,
  { retention }: ArchiveJobVault,
  source: ManifestSource,
  { minSizeRatio }: Job,
  context: RunContext,
  coming?: number,
): Promise<ArchiveForgetPlan> {
  const layout = (await findLayout(archive, context.signal)) ?? 'dated';
  const paths = source.paths.join('\0');
  return planArchiveForget(
    archive,
    {
      ...{ policy: policyForLayout(layout, retention!), minSizeRatio, core: coreName(source) },
      chosen: ({ manifest }) => !manifest || manifest.source.paths.join('\0') === paths,
      ...(coming !== undefined && { coming }),
    },
    context,
  );
}

export async function retainSource(
  archive: Archive,
  vault: ArchiveJobVault,
  { source }: Manifest,
  job: Job,
  context: RunContext,
): Promise<Pick<Step, 'outcome' | 'message' | 'code' | 'details'>> {
  const core = coreName(source);
  const remove = async () => {
    const plan = await planSource(archive, vault, source, job, context);
    if (plan.held.length > 0) return { plan, removed: [], failed: [] };
    return { plan, ...(await performArchiveForget(archive, plan, context, core)) };
  };
  // whoever writes there now removes what has had its time by itself
  const done = await withArchiveLock(archive, core, context, remove).catch((error: unknown) => {
    if (hasCode(error, 'locked')) return error;
    throw error;
  });
  if (done instanceof HoldfastError) {
    return { outcome: 'warning', code: 'incomplete', message: `nothing is removed: ${done.message}` };
  }
  const { plan, removed, failed } = done;
  if (plan.held.length > 0) {
    return { outcome: 'warning', code: 'incomplete', message: plan.held.join('; ') };
  }
  const message = `${counted(removed.length, 'backup')} removed, ${plan.keep.length} kept`;
  const details = { kept: plan.keep.length, removed: removed.map((snapshot) => snapshot.name) };
  if (failed.length === 0) return { outcome: 'done', message, details };
  const names = failed.map(({ snapshot }) => snapshot.name).join(', ');
  return {
    outcome: 'warning',
    code: 'incomplete',
    message: `${message}; could not be removed: ${names}`,
    details,
  };
}

/** Who may add alone finds out in every run: the backup is there, and its removal is somebody else's. */
export function hintAtRoles(step: Step): Step {
  if (step.outcome !== 'failed' || step.code !== 'forbidden') return step;
  return {
    ...step,
    hint: 'credentials that may only add (the role writer) go without retention in the job and its vault: one with those of a pruner does `holdfast forget`',
  };
}
