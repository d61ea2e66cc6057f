/** An archive in a run. */
import { hasCode, throwIfAborted } from '../kernel/errors.ts';
import { readSecret } from '../kernel/secret.ts';
import { type ArchiveBackupResult, backupToArchive } from '../operations/archive/backup.ts';
import { filesInput } from '../operations/archive/files-input.ts';
import { isEmptyPolicy } from '../operations/forget-policy.ts';
import { type ArchiveInput, databaseInput, streamInput } from '../operations/archive/input.ts';
import { openAccess } from '../storage/access.ts';
import type { Archive } from '../vaults/archive/archive.ts';
import { isTimeTaken } from '../vaults/archive/free-name.ts';
import type { Manifest } from '../vaults/archive/manifest.ts';
import { checkFiles, drillFile } from './archive-proof.ts';
import { hintAtRoles, planSource, retainSource } from './archive-retention.ts';
import { attempt, failedStep } from './failed-step.ts';
import type { ArchiveJobVault, Step } from './job.ts';
import { lackingOf, withLacking } from './lacking.ts';
import type { OpenedSource } from './open-sources.ts';
import type { RunContext } from './run-context.ts';
import type { BackUpOptions, KeptSource, RunVault } from './vault.ts';
import { sizeText, timeText } from './wording.ts';

/** Codes as `openAccess`. */
export async function openArchiveVault(vault: ArchiveJobVault, given: RunContext): Promise<RunVault> {
  const context = warningOnce(given);
  const { name, access, layout, encode, zone, versions, keys, passphrase, retryLock } = vault;
  const storage = await openAccess(access, context.environment, context);
  const archive: Archive = {
    ...{ storage, layout, encode, zone, versions, retryLock },
    keys: {
      ...keys,
      ...(passphrase && {
        passphrase: () =>
          readSecret(passphrase, `the passphrase of ${name}`, context.environment, context.signal),
      }),
    },
  };
  const manifests = new Map<KeptSource, Manifest>();
  return {
    name,
    artefacts: vault.artefacts,
    isTaken(opened, timeMs) {
      const { source } = inputOf(opened, { subject: '', timeMs, tags: [], minSizeRatio: 0 }, context);
      return isTimeTaken(archive, source, timeMs, context.signal);
    },
    async backUp(opened, options) {
      const base = {
        kind: 'backup',
        subject: options.subject,
        source: opened.source.name,
        vault: name,
      } as const;
      try {
        const input = inputOf(opened, options, context);
        const { manifest, incomplete } = await writeRun(archive, vault, input, opened, options, context);
        const told = toldBackup(manifest, incomplete, lackingOf(opened));
        const kept = { opened, id: manifest.artefacts[0]?.name, step: { ...base, ...told } };
        if (told.outcome === 'done') manifests.set(kept, manifest);
        return kept;
      } catch (error) {
        throwIfAborted(context.signal);
        const step = failedStep(base, error);
        // the one before stays, as this one is suspicious: all others of the run go on
        const isHeld = hasCode(error, 'incomplete');
        return { opened, id: undefined, step: isHeld ? { ...step, outcome: 'warning' } : step };
      }
    },
    async retain(kept, job, isMissing) {
      const { retention } = vault;
      const steps: Step[] = [];
      if (retention === undefined) return steps;
      for (const one of kept) {
        const base = {
          ...({
            kind: 'retention',
            subject: one.step.subject,
            vault: name,
            source: one.opened.source.name,
          } as const),
        };
        const manifest = manifests.get(one);
        const why = manifest ? 'not every vault has this backup' : 'this backup is not whole';
        const done =
          manifest && !isMissing(one)
            ? await attempt(base, context, async () => [
                { ...base, ...(await retainSource(archive, vault, manifest, job, context)) },
              ])
            : [{ ...base, outcome: 'done', message: `nothing is removed: ${why}` } as const];
        steps.push(...done.map(hintAtRoles));
      }
      return steps;
    },
    async forecast(opened, job) {
      const base = { subject: '', timeMs: context.clock.now(), tags: [], minSizeRatio: 0 };
      const { source } = inputOf(opened, base, context);
      const plan = await planSource(archive, vault, source, job, context, base.timeMs);
      const remove = plan.remove.toReversed().map(({ name, time }) => `${name} of ${timeText(time)}`);
      return { remove, ...(plan.held.length > 0 && { held: plan.held.join('; ') }) };
    },
    check: (kept, job) =>
      attempt({ kind: 'check', subject: name, vault: name }, context, async () => [
        await checkFiles(archive, name, kept, job, context),
      ]),
    async drill(kept, { drill }) {
      const steps: Step[] = [];
      for (const one of kept) {
        if (one.id === undefined || drill === undefined) continue;
        const base = {
          kind: 'drill',
          subject: one.step.subject,
          vault: name,
          source: one.opened.source.name,
        } as const;
        const done = await attempt(base, context, async () => [
          { ...base, ...withLacking(await drillFile(archive, one, drill, context), one.opened) },
        ]);
        steps.push(...done);
      }
      return steps;
    },
    [Symbol.asyncDispose]: () => storage.close(),
  };
}

/** What is amiss with a bucket is amiss for each source: a run says it once of a vault. */
function warningOnce(context: RunContext): RunContext {
  const said = new Set<string>();
  const warn = (message: string): void => {
    if (!said.has(message)) context.warn(message);
    said.add(message);
  };
  return { ...context, warn };
}

function inputOf(opened: OpenedSource, { input, subject }: BackUpOptions, context: RunContext): ArchiveInput {
  if (input) return input;
  if (opened.kind === 'files') {
    const { archiveName, sqliteConsistent } = opened.source;
    return filesInput(opened.what, {
      ...{ host: opened.source.hostname, sqliteConsistent },
      ...(archiveName !== undefined && { named: { host: '', database: archiveName } }),
      problem: (path, message, lost) => context.onItem?.(subject, { kind: 'problem', path, message, lost }),
      warn: (message) => context.warn(message),
    });
  }
  const { database, source, stream } = opened;
  if (database)
    return databaseInput(database.driver, database.address, database.options, database.named, stream);
  return streamInput(stream, source.kind === 'command' ? source.filename : opened.path, source.hostname);
}

async function writeRun(
  archive: Archive,
  { retention }: ArchiveJobVault,
  input: ArchiveInput,
  { source }: OpenedSource,
  { timeMs, tags, minSizeRatio }: BackUpOptions,
  context: RunContext,
): Promise<ArchiveBackupResult> {
  const options = {
    ...{ hostname: source.hostname, programVersion: context.programVersion, tags, timeMs, minSizeRatio },
    ...(retention &&
      !isEmptyPolicy(retention) && {
        tiers: { weekly: retention.weekly ?? 0, monthly: retention.monthly ?? 0 },
      }),
  };
  return backupToArchive(archive, input, options, context);
}

function toldBackup(
  { artefacts }: Manifest,
  incomplete: boolean,
  left: readonly string[],
): Pick<Step, 'outcome' | 'message' | 'details'> & { readonly code?: 'incomplete' } {
  const stored = artefacts.reduce((sum, artefact) => sum + artefact.stored.size, 0);
  const plain = artefacts.reduce((sum, artefact) => sum + artefact.plain.size, 0);
  const names = artefacts.map((artefact) => artefact.name);
  const lacking = [...(incomplete ? ['something could not be read'] : []), ...left];
  const message = [`${names.join(', ')}, ${sizeText(plain)}, ${sizeText(stored)} stored`, ...lacking].join(
    '; ',
  );
  const details = { artefacts: names, total_bytes_processed: plain, data_added_packed: stored };
  if (lacking.length === 0) return { outcome: 'done', message, details };
  return { outcome: 'warning', code: 'incomplete', message, details };
}
