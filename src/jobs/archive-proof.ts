/** Whether what a run wrote to an archive can be read to its end, and restored. */
import { HoldfastError } from '../kernel/errors.ts';
import { checkArchive } from '../operations/archive/check.ts';
import { archiveCertificate } from '../operations/archive/drill-certificate.ts';
import { drillArchive } from '../operations/archive/drill.ts';
import { chooseArtefact } from '../operations/archive/find.ts';
import { readSigningKey, writeCertificate } from '../operations/drill/certificate-file.ts';
import { provenText } from '../operations/drill/certificate-text.ts';
import { proofOf } from '../operations/drill/report.ts';
import type { Archive, ArchiveSnapshot } from '../vaults/archive/archive.ts';
import { listArchive } from '../vaults/archive/listing.ts';
import { queriesOf } from './drill-snapshot.ts';
import type { Job, JobDrill, Step } from './job.ts';
import type { RunContext } from './run-context.ts';
import type { KeptSource } from './vault.ts';
import { counted } from './wording.ts';

/** Everything where all data is to be read; else what this run made. */
export async function checkFiles(
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

export async function drillFile(
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
