/** `holdfast drill` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import { addArchiveReadFlags, type ArchiveFlags } from '../archive-flags.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags } from '../snapshot-flags.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export interface DrillFlags extends SnapshotFlags {
  queries?: string;
  certificate?: string;
  verifyCertificate?: string;
  publicKey?: string;
  signingKey?: string;
}

export function drillCommand(runtime: Runtime): Command {
  const command = verb(
    'drill',
    '[flags] SNAPSHOT | --verify-certificate FILE',
    'Proves that a snapshot can be restored: restores it into a throwaway server on a private socket, compares\n' +
      'what came back with what was backed up, and writes a certificate. No other server is touched.\n' +
      'The status is 20 when anything differs, and 21 when this machine lacks what the drill takes.',
  )
    .option('--queries <file>', 'SQL to run on what was restored, with its answers as `-- expect: VALUE`')
    .option(
      '--certificate <directory>',
      'where the certificate goes (default: holdfast/certificates in the data folder)',
    )
    .option(
      '--verify-certificate <file>',
      "say whether a certificate is this repository's and as it was written",
    )
    .option(
      '--signing-key <file>',
      "sign with this Ed25519 key in PEM instead of the repository's; an archive has none, and its certificates are unsigned without it",
    )
    .option('--public-key <base64>', "verify with this key instead of the repository's");
  addArchiveReadFlags(addSnapshotFlags(command)).action(
    action<DrillFlags & ArchiveFlags>(
      runtime,
      async (invocation, operands, flags) => {
        const { verifyCertificate } = flags;
        if (verifyCertificate !== undefined) {
          if (operands.length > 0) throw new HoldfastError('usage', '--verify-certificate takes no snapshot');
          const { runVerifyCertificate } = await import('../run-drill.ts');
          return await runVerifyCertificate(invocation, verifyCertificate, flags);
        }
        if (flags.publicKey !== undefined) {
          throw new HoldfastError('usage', '--public-key is for --verify-certificate');
        }
        if (operands.length !== 1) {
          throw new HoldfastError('usage', 'drill takes one snapshot', { hint: 'an id, or `latest`' });
        }
        const { runDrill } = await import('../run-drill.ts');
        await runDrill(invocation, operands[0]!, flags);
      },
      async () => (await import('../archive/drill.ts')).runArchiveDrill,
    ),
  );
  return withExamples(command, [
    ['holdfast drill latest', 'the latest snapshot'],
    [
      'holdfast drill latest --path /postgres/db_5432/shop --queries shop.sql',
      'that of one database, and questions of your own',
    ],
    ['holdfast drill latest --certificate /srv/audit', 'with the certificate in a folder for auditors'],
    [
      'holdfast drill --verify-certificate drill-20260102T030405Z-1a2b3c4d.json',
      'whether a certificate is genuine',
    ],
  ]);
}
