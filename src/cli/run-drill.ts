/** Runs a drill, tells how it goes, and puts its certificate where it is to lie. */
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import { hasCode, HoldfastError, messageOf } from '../kernel/errors.ts';
import { fromNodeError } from '../kernel/native/system-error.ts';
import {
  type Certificate,
  publicKeyOf,
  signingKeyOf,
  verifyCertificate,
} from '../operations/drill/certificate.ts';
import {
  readCertificateFile,
  readSigningKey,
  writeCertificate,
} from '../operations/drill/certificate-file.ts';
import {
  certificateText,
  comparedCounts,
  provenText,
  differByQueriesAlone,
  queriesHint,
} from '../operations/drill/certificate-text.ts';
import { drill } from '../operations/drill/drill.ts';
import { parseQueries } from '../operations/drill/queries.ts';
import type { Stage } from '../operations/drill/report.ts';
import type { DrillFlags } from './commands/drill.ts';
import { dataDirectory } from './directories.ts';
import { setting } from './environment.ts';
import { plural, quoteUnprintable } from './output/format.ts';
import { snapshotLine } from './output/snapshots.ts';
import { isArchive } from './repository-choice.ts';
import { openChosenRepository, withRepository } from './session.ts';
import { snapshotFilter } from './snapshot-flags.ts';
import { readVersion } from './version.ts';
import type { Invocation } from './verb.ts';

const stageLines: Readonly<Record<Stage, string>> = {
  start: 'preparing a throwaway database',
  restore: 'restoring',
  compare: 'comparing with what was backed up',
  queries: 'asking the queries',
};
/** More of them are in the certificate. */
const toldDifferences = 20;

/** Codes `differs` and `missing-here` once the certificate is written. */
export async function runDrill(invocation: Invocation, snapshot: string, flags: DrillFlags): Promise<void> {
  const { terminal, environment } = invocation;
  const folder = resolve(flags.certificate ?? join(dataDirectory(environment), 'certificates'));
  const queries =
    flags.queries === undefined ? [] : parseQueries(await readQueries(flags.queries), flags.queries);
  const filter = snapshotFilter(flags, environment);
  const ownKey = flags.signingKey === undefined ? undefined : await readSigningKey(flags.signingKey);
  await withRepository(
    invocation,
    { lock: 'read', prefetch: ['snapshot', 'index'] },
    async (repository, context) => {
      const { certificate, hint } = await drill(
        repository,
        {
          ...{ snapshot, filter, queries, environment, temporaryFolder: tmpdir() },
          programs: (name) => setting(environment, name),
          programVersion: `holdfast ${readVersion()}`,
          onFound: (found) => terminal.say(`drilling ${snapshotLine(found)}`),
          onStage(stage) {
            if (stage === 'queries' && queries.length === 0) return;
            terminal.say(stageLines[stage]);
          },
        },
        context,
      );
      const files = await writeCertificate(folder, certificate, ownKey ?? signingKeyOf(repository));
      tell(invocation, certificate, files);
      if (certificate.result === 'not-drilled') {
        throw new HoldfastError(
          'missing-here',
          certificate.differences.join('; '),
          hint === undefined ? {} : { hint },
        );
      }
      if (certificate.result === 'differs') {
        throw new HoldfastError(
          'differs',
          `the drill found ${plural(certificate.differences.length, 'difference')}`,
          {
            hint: differByQueriesAlone(certificate)
              ? queriesHint
              : 'check --read-data tells whether the repository is damaged; older snapshots may be sound',
          },
        );
      }
    },
  );
}

function tell(
  { terminal }: Invocation,
  certificate: Certificate,
  files: { json: string; text: string },
): void {
  const { result, proof, differences, notes, compared, drill: where, queries } = certificate;
  if (terminal.json) {
    terminal.emit({
      message_type: 'summary',
      ...{ result, proof, differences, notes, compared },
      snapshot_id: certificate.snapshot.id,
      server: where.server,
      seconds: where.seconds,
      queries,
      certificate: files.json,
      text: files.text,
    });
    return;
  }
  if (result !== 'not-drilled') {
    for (const line of differences.slice(0, toldDifferences))
      terminal.result(`differs: ${quoteUnprintable(line)}`);
    const more = differences.length - toldDifferences;
    if (more > 0) terminal.result(`and ${plural(more, 'difference')} more`);
  }
  for (const note of notes) terminal.say(`note: ${quoteUnprintable(note)}`);
  const counts = comparedCounts(compared);
  if (counts.length > 0) terminal.say(`compared ${counts.join(', ')}`);
  const times = Object.entries(where.seconds).map(([stage, seconds]) => `${stage} ${seconds} s`);
  if (times.length > 0) terminal.say(`${where.server ?? 'this machine'}: ${times.join(', ')}`);
  if (result === 'proven') terminal.say(provenText(proof));
  terminal.say(`certificate: ${files.json}`);
}

/** Code `corrupt` when the certificate is not genuine. */
export async function runVerifyCertificate(
  invocation: Invocation,
  file: string,
  { publicKey, signingKey }: Pick<DrillFlags, 'publicKey' | 'signingKey'>,
): Promise<void> {
  const { terminal } = invocation;
  const text = await readCertificateFile(file);
  const given = publicKey ?? (signingKey && publicKeyOf(await readSigningKey(signingKey)));
  const key = given ?? (await repositoryKey(invocation));
  const { certificate } = verifyCertificate(text, key);
  if (terminal.json) {
    terminal.emit({ message_type: 'certificate', genuine: true, public_key: key, certificate });
    return;
  }
  for (const line of certificateText(certificate, true).trimEnd().split('\n')) terminal.result(line);
  terminal.say('');
  terminal.say(
    `genuine: signed by ${given === undefined ? 'this repository' : 'this key'}, public key ${key}`,
  );
}

async function repositoryKey(invocation: Invocation): Promise<string> {
  if (isArchive(invocation.settings.repository)) {
    throw new HoldfastError('usage', 'an archive has no key of its own', {
      hint: 'name the key that signed with --public-key or --signing-key',
    });
  }
  const opened = openChosenRepository(invocation).catch((cause: unknown) => {
    if (!hasCode(cause, 'no-repository')) throw cause;
    throw new HoldfastError('no-repository', messageOf(cause), {
      cause,
      hint: 'name the key that signed the certificate with --public-key or --signing-key, or its repository with -r',
    });
  });
  await using repository = await opened;
  return publicKeyOf(signingKeyOf(repository));
}

async function readQueries(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw fromNodeError('read', Buffer.from(file), error);
  });
}
