/** An archive in a run. */
import { hasCode, HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import { readSecret } from '../kernel/secret.ts';
import { type ArchiveBackupResult, backupToArchive } from '../operations/archive/backup.ts';
import { filesInput } from '../operations/archive/files-input.ts';
import { checkArchive } from '../operations/archive/check.ts';
import { archiveCertificate } from '../operations/archive/drill-certificate.ts';
import { drillArchive } from '../operations/archive/drill.ts';
import { chooseArtefact } from '../operations/archive/find.ts';
import {
  type ArchiveForgetPlan,
  performArchiveForget,
  planArchiveForget,
} from '../operations/archive/forget.ts';
import { isEmptyPolicy } from '../operations/forget-policy.ts';
import { type ArchiveInput, databaseInput, streamInput } from '../operations/archive/input.ts';
import { policyForLayout } from '../operations/archive/policy.ts';
import { readSigningKey, writeCertificate } from '../operations/drill/certificate-file.ts';
import { provenText } from '../operations/drill/certificate-text.ts';
import { proofOf } from '../operations/drill/report.ts';
import { openAccess } from '../storage/access.ts';
import { type Archive, type ArchiveSnapshot, findLayout, listArchive } from '../vaults/archive/archive.ts';
import { isTimeTaken } from '../vaults/archive/free-name.ts';
import { coreName } from '../vaults/archive/layout/layout.ts';
import { withArchiveLock } from '../vaults/archive/lock.ts';
import type { Manifest, ManifestSource } from '../vaults/archive/manifest.ts';
import { queriesOf } from './drill-snapshot.ts';
import { attempt, failedStep } from './failed-step.ts';
import type { ArchiveJobVault, Job, JobDrill, Step } from './job.ts';
import { lackingOf, withLacking } from './lacking.ts';
import type { OpenedSource } from './open-sources.ts';
import type { RunContext } from './run-context.ts';
import type { BackUpOptions, KeptSource, RunVault } from './vault.ts';
import { counted, sizeText, timeText } from './wording.ts';

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

/** Who may add alone finds out in every run: the backup is there, and its removal is somebody else's. */
function hintAtRoles(step: Step): Step {
  if (step.outcome !== 'failed' || step.code !== 'forbidden') return step;
  return {
    ...step,
    hint: 'credentials that may only add (the role writer) go without retention in the job and its vault: one with those of a pruner does `holdfast forget`',
  };
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

async function planSource(
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

async function retainSource(
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

/** Everything where all data is to be read; else what this run made. */
async function checkFiles(
  archive: Archive,
  name: string,
  kept: readonly KeptSource[],
  { check }: Job,
  context: RunContext,
): Promise<Step> {
  const base = { kind: 'check', subject: name, vault: name } as const;
  const isAll = check?.readData?.kind === 'all';
  const made = isAll ? [] : await snapshotsOf(archive, kept, context);
  if (!isAll && made.length === 0)
    return { ...base, outcome: 'done', message: 'there is nothing new to check' };
  const said: string[] = [];
  const result = await checkArchive(
    archive,
    { ids: made.map(({ id }) => id) },
    (event) => void (event.kind === 'error' && said.push(`${event.name}: ${event.message}`)),
    context,
  );
  const details = { files: result.files, num_errors: result.errors };
  if (result.errors === 0) {
    return { ...base, outcome: 'done', message: `${counted(result.files, 'file')} read to the end`, details };
  }
  return {
    ...{ ...base, outcome: 'failed', code: 'corrupt', message: said.slice(0, 3).join('; '), details },
    hint: `holdfast -r ${name} check tells everything`,
  };
}

async function snapshotsOf(
  archive: Archive,
  kept: readonly KeptSource[],
  context: RunContext,
): Promise<ArchiveSnapshot[]> {
  const warn = (message: string): void => context.warn(message);
  const { snapshots } = await listArchive(archive, { signal: context.signal, warn });
  const names = new Set(kept.map(({ id }) => id));
  return snapshots.filter(({ artefacts }) => artefacts.some((artefact) => names.has(artefact.name)));
}

async function drillFile(
  archive: Archive,
  kept: KeptSource,
  { queries: queriesFile, certificates, signingKey }: JobDrill,
  context: RunContext,
): Promise<Pick<Step, 'outcome' | 'message' | 'code' | 'hint' | 'details'>> {
  const [snapshot] = await snapshotsOf(archive, [kept], context);
  if (!snapshot) throw new HoldfastError('not-found', `${kept.id} is not in the archive`);
  const { environment, programs, temporaryFolder } = context;
  const isDatabase = kept.opened.kind === 'stream' && kept.opened.database !== undefined;
  const queries = isDatabase ? await queriesOf(queriesFile, kept.opened.source) : [];
  // of several dumps of one state the plain one is as good as any
  const form = snapshot.artefacts.length > 1 ? ('sql' as const) : undefined;
  const artefact = chooseArtefact(snapshot, { form });
  const drilled = await drillArchive(
    archive,
    artefact,
    { environment, programs, queries, temporaryFolder },
    context,
  );
  const { result, findings, hint } = drilled;
  const files = await writeCertificate(
    certificates,
    archiveCertificate(archive, snapshot, artefact, drilled, context.programVersion),
    signingKey === undefined ? undefined : await readSigningKey(signingKey),
  );
  const { differences } = findings;
  const proof = proofOf(findings);
  const details = { result, proof, certificate: files.json, differences };
  if (result === 'proven') {
    return { outcome: 'done', message: provenText(proof), details };
  }
  return {
    outcome: 'failed',
    code: result === 'differs' ? 'differs' : 'missing-here',
    message: differences.slice(0, 3).join('; '),
    ...(hint !== undefined && { hint }),
    details,
  };
}
