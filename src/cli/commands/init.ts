/** `holdfast init` */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { CreateOptions } from '../create-repository.ts';
import type { SecondaryFlags } from '../secondary-repository.ts';
import { addSecondaryFlags, secondaryChoice } from '../secondary-repository.ts';
import type { Invocation, Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends SecondaryFlags {
  chunker?: 'rabin' | 'fast';
  copyChunkerParams?: boolean;
  repositoryVersion?: string;
}

export function initCommand(runtime: Runtime): Command {
  const command = verb('init', '[flags]', 'Makes a new repository.')
    .addOption(
      new Option('--chunker <kind>', 'how files are cut: rabin, as restic does, or fast').choices([
        'rabin',
        'fast',
      ]),
    )
    .option('--copy-chunker-params', 'cut as the other repository does, so that copies share data with it')
    .option('--repository-version <version>', 'format: 1, 2, stable or latest');
  addSecondaryFlags(command, 'whose chunker parameters are taken').action(action<Options>(runtime, init));
  return withExamples(command, [
    ['holdfast -r /srv/backup init', 'a repository on this machine'],
    ['holdfast -r s3:https://s3.example.com/bucket/host init --chunker rabin', 'shared with restic, on S3'],
    ['holdfast -r /srv/copy init --from-repo /srv/backup --copy-chunker-params', 'one to copy into'],
  ]);
}

async function init(invocation: Invocation, operands: readonly string[], options: Options): Promise<void> {
  const { terminal } = invocation;
  if (operands.length > 0) throw new HoldfastError('usage', 'init takes flags alone');
  const { createChosenRepository, keyFileNotice } = await import('../create-repository.ts');
  const created = await createChosenRepository(invocation, await createOptions(invocation, options));
  await using repository = created.repository;
  const { config, storage, chunker } = repository;
  if (terminal.json) {
    terminal.emit({ message_type: 'initialized', id: config.id, repository: storage.location });
    return;
  }
  terminal.say(`created repository ${config.id.slice(0, 10)} at ${storage.location} (chunker ${chunker})`);
  const notice = created.keyFile
    ? keyFileNotice(created.keyFile)
    : ['the password is needed for every access: whoever loses it loses the backups'];
  for (const line of notice) terminal.say(line);
}

async function createOptions(invocation: Invocation, options: Options): Promise<CreateOptions> {
  const version = parseVersion(options.repositoryVersion ?? 'stable');
  const other = await secondaryChoice(options, invocation);
  if (!options.copyChunkerParams) {
    if (options.fromRepo ?? options.fromRepositoryFile ?? options.repo2 ?? options.repositoryFile2) {
      throw new HoldfastError('usage', 'another repository is named, but not what to take from it', {
        hint: 'add --copy-chunker-params',
      });
    }
    return { version, ...(options.chunker ? { chunker: options.chunker } : {}) };
  }
  if (options.chunker) {
    throw new HoldfastError('usage', '--chunker and --copy-chunker-params contradict each other');
  }
  if (!other) {
    throw new HoldfastError('usage', '--copy-chunker-params needs the other repository', {
      hint: 'name it with --from-repo',
    });
  }
  const { withRepository } = await import('../session.ts');
  return withRepository(invocation, { lock: 'none', choice: other }, async ({ config, chunker }) => ({
    version,
    chunker,
    polynomial: config.chunkerPolynomial,
  }));
}

function parseVersion(text: string): 1 | 2 {
  if (text === '1') return 1;
  if (['2', 'stable', 'latest', ''].includes(text)) return 2;
  throw new HoldfastError('usage', `there is no repository version ${text}`, { hint: 'use 1 or 2' });
}
