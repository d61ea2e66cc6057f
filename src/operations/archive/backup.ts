/** Backs a source up to an archive: its artefacts in one pass, the manifest last, and then what has had its time goes. */
import type { Context } from '../../kernel/context.ts';
import { type Archive, assertHoldsArchives } from '../../vaults/archive/archive.ts';
import { coreName, tierOf } from '../../vaults/archive/layout/layout.ts';
import type { Manifest } from '../../vaults/archive/manifest.ts';
import { type HeldArchive, withArchiveLock } from '../../vaults/archive/lock.ts';
import { beginRun } from '../../vaults/archive/writer.ts';
import { incompleteTag } from '../backup/commit-snapshot.ts';
import type { ArchiveForgetPlan, ArchiveForgetResult } from './forget.ts';
import { performArchiveForget, planArchiveForget } from './forget.ts';
import type { ArchiveInput } from './input.ts';
import { removeLeftovers } from './leftovers.ts';
import { defaultMinSizeRatio } from './policy.ts';
import type { ArchivePolicy } from './retention.ts';

export interface ArchiveBackupOptions {
  readonly hostname: string;
  readonly programVersion: string;
  readonly tags: readonly string[];
  /** milliseconds since 1970; undefined for now */
  readonly timeMs?: number | undefined;
  /** how many `rolling` keeps: a kind without any leaves its days to the next; undefined: of each */
  readonly tiers?: { readonly weekly: number; readonly monthly: number } | undefined;
  /** of the file that is replaced in `latest` without older versions; half of it when undefined */
  readonly minSizeRatio?: number | undefined;
  /** what becomes of older backups of the same source; undefined: they stay */
  readonly retention?: ArchiveRetention | undefined;
}

export interface ArchiveRetention {
  readonly policy: ArchivePolicy;
  /** of the median of its elders, which the new backup must have for anything to be removed */
  readonly minSizeRatio: number;
}

export interface ArchiveBackupResult {
  readonly manifest: Manifest;
  /** something is missing in it, as was told by then; it is marked with the tag `incomplete` */
  readonly incomplete: boolean;
  /** undefined when there was none, and where the backup is incomplete */
  readonly retention: (ArchiveForgetPlan & ArchiveForgetResult) | undefined;
}

/** On failure nothing stays under a final name, and nothing is removed. Code `locked` while another run has the same name. */
export async function backupToArchive(
  archive: Archive,
  input: ArchiveInput,
  options: ArchiveBackupOptions,
  context: Context,
): Promise<ArchiveBackupResult> {
  assertHoldsArchives(archive);
  await archive.storage.prepare({ signal: context.signal });
  const done = await withArchiveLock(archive, coreName(input.source), context, (held) =>
    backUpHeld(archive, input, options, held, context),
  );
  await removeLeftovers(archive, context);
  return done;
}

async function backUpHeld(
  archive: Archive,
  input: ArchiveInput,
  options: ArchiveBackupOptions,
  held: HeldArchive,
  context: Context,
): Promise<ArchiveBackupResult> {
  const manifest = await writeRun(archive, input, options, held, context);
  const { retention } = options;
  const incomplete = input.incomplete?.() ?? false;
  if (!retention || incomplete) return { manifest, incomplete, retention: undefined };
  const { source } = input;
  const core = coreName(source);
  const paths = source.paths.join('\0');
  const plan = await planArchiveForget(
    archive,
    {
      ...retention,
      chosen: (snapshot) =>
        snapshot.core === core && (!snapshot.manifest || snapshot.manifest.source.paths.join('\0') === paths),
    },
    context,
  );
  const done = await performArchiveForget(archive, plan, context, core);
  return { manifest, incomplete, retention: { ...plan, ...done } };
}

async function writeRun(
  archive: Archive,
  input: ArchiveInput,
  {
    hostname,
    programVersion,
    tags,
    timeMs,
    tiers = { weekly: 1, monthly: 1 },
    minSizeRatio,
  }: ArchiveBackupOptions,
  held: HeldArchive,
  context: Context,
): Promise<Manifest> {
  await using run = await beginRun(
    archive,
    {
      ...{ source: input.source, time: timeMs, hostname, program: programVersion, tags },
      minSizeRatio: minSizeRatio ?? defaultMinSizeRatio,
      tier: (time) => tierOf(time, tiers, archive.zone),
    },
    context,
  );
  for await (const artefact of input.artefacts(context.signal)) await run.write(artefact);
  await held.ensure();
  return await run.commit(input.incomplete?.() ? [incompleteTag] : []);
}
