/** `holdfast drill` of an archive. */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HoldfastError } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import { drillArchive } from '../../operations/archive/drill.ts';
import { archiveCertificate } from '../../operations/archive/drill-certificate.ts';
import { chooseArtefact, findArchiveSnapshot } from '../../operations/archive/find.ts';
import { readSigningKey, writeCertificate } from '../../operations/drill/certificate-file.ts';
import {
  comparedCounts,
  provenText,
  differByQueriesAlone,
  queriesHint,
} from '../../operations/drill/certificate-text.ts';
import { parseQueries } from '../../operations/drill/queries.ts';
import { proofOf } from '../../operations/drill/report.ts';
import type { ArchiveFlags } from '../archive-flags.ts';
import type { DrillFlags } from '../commands/drill.ts';
import { dataDirectory } from '../directories.ts';
import { setting } from '../environment.ts';
import { plural, quoteUnprintable } from '../output/format.ts';
import { runVerifyCertificate } from '../run-drill.ts';
import { snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation } from '../verb.ts';
import { readVersion } from '../version.ts';
import { withArchive } from './open.ts';

/** Codes `differs` and `missing-here`. */
export async function runArchiveDrill(
  invocation: Invocation,
  [id, named, ...more]: readonly string[],
  flags: DrillFlags & ArchiveFlags,
): Promise<void> {
  const { terminal, environment, context } = invocation;
  if (flags.verifyCertificate !== undefined) {
    if (id !== undefined) throw new HoldfastError('usage', '--verify-certificate takes no snapshot');
    return runVerifyCertificate(invocation, flags.verifyCertificate, flags);
  }
  if (flags.publicKey !== undefined) {
    throw new HoldfastError('usage', '--public-key is for --verify-certificate');
  }
  if (id === undefined || more.length > 0) {
    throw new HoldfastError('usage', 'drill takes one snapshot of an archive', {
      hint: 'an id, a name, or `latest`',
    });
  }
  const queries =
    flags.queries === undefined ? [] : parseQueries(await readText(flags.queries), flags.queries);
  const folder = resolve(flags.certificate ?? join(dataDirectory(environment), 'certificates'));
  const key = flags.signingKey === undefined ? undefined : await readSigningKey(flags.signingKey);
  const { drilled, files } = await withArchive(invocation, flags, async (archive) => {
    const snapshot = await findArchiveSnapshot(archive, id, snapshotFilter(flags, environment), context);
    const artefact = chooseArtefact(snapshot, { named });
    terminal.say(`drilling ${artefact.name}`);
    const programs = (name: string): string | undefined => setting(environment, name);
    const drilled = await drillArchive(
      archive,
      artefact,
      { environment, programs, queries, temporaryFolder: tmpdir() },
      context,
    );
    const program = `holdfast ${readVersion()}`;
    const certificate = archiveCertificate(archive, snapshot, artefact, drilled, program);
    return { drilled, files: await writeCertificate(folder, certificate, key) };
  });
  const { result, findings, seconds, kind, hint } = drilled;
  const { differences, notes, counts, server } = findings;
  const proof = proofOf(findings);
  if (terminal.json) {
    const { queries } = findings;
    terminal.emit({
      message_type: 'summary',
      result,
      proof,
      kind,
      server,
      differences,
      notes,
      compared: counts,
      seconds,
      queries,
      certificate: files.json,
      text: files.text,
    });
  } else {
    for (const line of result === 'not-drilled' ? [] : differences)
      terminal.result(`differs: ${quoteUnprintable(line)}`);
    for (const note of notes) terminal.say(`note: ${quoteUnprintable(note)}`);
    const compared = comparedCounts(counts);
    if (compared.length > 0) terminal.say(`compared ${compared.join(', ')}`);
    const times = Object.entries(seconds).map(([stage, value]) => `${stage} ${value} s`);
    if (times.length > 0) terminal.say(`${server ?? 'this machine'}: ${times.join(', ')}`);
    if (result === 'proven') terminal.say(provenText(proof));
    const unsigned = key ? '' : ' (not signed: an archive has no key, --signing-key names one)';
    terminal.say(`certificate: ${files.json}${unsigned}`);
  }
  if (result === 'not-drilled') {
    throw new HoldfastError('missing-here', differences.join('; '), hint === undefined ? {} : { hint });
  }
  if (result === 'differs') {
    throw new HoldfastError('differs', `the drill found ${plural(differences.length, 'difference')}`, {
      hint: differByQueriesAlone(findings)
        ? queriesHint
        : '`holdfast check` tells whether the file is damaged; older snapshots may be sound',
    });
  }
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw fromNodeError('read', Buffer.from(file), error);
  });
}
