/** `holdfast bucket` and its verbs */
import { Command, Option } from 'commander';
import { bucketRoles } from '../../operations/bucket/policy.ts';
import { bucketPurposes } from '../../operations/bucket/purpose.ts';
import type { PolicyFlags, PrepareFlags } from '../run-bucket.ts';
import { collectSplit } from '../values.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export function bucketCommand(runtime: Runtime): Command {
  const command = new Command('bucket')
    .description(
      'Makes a bucket fit for backups: old versions are kept for a time, and nobody else comes in; and prints\n' +
        'what each role needs on it, as policies for IAM.',
    )
    .usage('VERB [flags]');
  command.addCommand(prepareCommand(runtime)).addCommand(policyCommand(runtime));
  return withExamples(command, [
    ['holdfast bucket prepare s3://backups/db --dry-run', 'what would be changed'],
    ['holdfast bucket policy --role writer s3://backups/db', 'what the machine needs that writes there'],
  ]);
}

const purposeHelp = 'archive or repository';

function prepareCommand(runtime: Runtime): Command {
  const command = verb(
    'prepare',
    '[flags] [LOCATION]',
    'Sets versioning, a lifecycle rule for old versions, delete markers and aborted uploads, default encryption\n' +
      'and the block of public access on the bucket of an S3 location, and object lock where it is asked for.\n' +
      'Makes the bucket where there is none. What is right stays untouched; other rules stay as they are. The\n' +
      'status is 3 when the server does not permit a setting, or knows no versions, lifecycle or lock: the others\n' +
      'are made. A server without encryption or the block of public access is told of, with status 0.',
  )
    .summary('set versioning, lifecycle, encryption and more')
    .option('-n, --dry-run', 'tell what would be changed, and change nothing')
    .addOption(
      new Option(
        '--for <purpose>',
        `${purposeHelp}; by default what lies there already, else archive`,
      ).choices(bucketPurposes),
    )
    .option(
      '--keep-versions <n>',
      'so many old versions of each object stay (45 for archives, 0 for repositories)',
    )
    .option(
      '--keep-days <days>',
      'other old versions go after so many days (1 for archives, 30 for repositories)',
    )
    .option('--aborted-days <days>', 'aborted uploads go after so many days', '7')
    .option('--object-lock <days>', 'nobody deletes a version for so many days')
    .addOption(
      new Option('--lock-mode <mode>', 'who may lift a lock: those with the right to it, or nobody')
        .choices(['governance', 'compliance'])
        .default('governance'),
    )
    .option(
      '--skip <setting>',
      'leave versioning, lifecycle, encryption or public-access as it is; several with commas, or repeated',
      collectSplit,
      [],
    )
    .action(
      action<PrepareFlags>(runtime, async (invocation, operands, flags) => {
        const { runBucketPrepare } = await import('../run-bucket.ts');
        await runBucketPrepare(invocation, operands, flags);
      }),
    );
  return withExamples(command, [
    ['holdfast bucket prepare s3://backups/db', 'for archives: 45 old versions of each file'],
    ['holdfast bucket prepare s3:https://s3.example.com/b --for repository', 'for a repository: 30 days'],
    ['holdfast bucket prepare s3://backups --object-lock 30', 'nothing is deleted for 30 days'],
  ]);
}

function policyCommand(runtime: Runtime): Command {
  const command = verb(
    'policy',
    '[flags] --role ROLE [LOCATION]',
    'Prints the least that a role needs on the bucket and below the prefix of an S3 location, as a policy for IAM.\n' +
      'No server is asked.',
  )
    .summary('print a policy for IAM')
    .addOption(
      new Option('--role <role>', 'reader, writer, pruner or auditor')
        .choices(bucketRoles)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--for <purpose>',
        `${purposeHelp}; by default repository, and archive for archive:...`,
      ).choices(bucketPurposes),
    )
    .action(
      action<PolicyFlags>(runtime, async (invocation, operands, flags) => {
        const { runBucketPolicy } = await import('../run-bucket.ts');
        runBucketPolicy(invocation, operands, flags);
      }),
    );
  return withExamples(command, [
    [
      'holdfast bucket policy --role writer archive:s3://backups/db',
      'adds files, and neither reads nor deletes',
    ],
    ['holdfast bucket policy --role reader s3://backups/repo', 'restores with --no-lock, and writes nothing'],
  ]);
}
