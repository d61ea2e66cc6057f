/** `holdfast dump` */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { Dump } from '../../operations/dump.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation, Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends SnapshotFlags {
  archive: 'tar' | 'zip';
  target?: string;
}

export function dumpCommand(runtime: Runtime): Command {
  const command = verb(
    'dump',
    '[flags] SNAPSHOT[:PATH] PATH',
    'Writes a file of a snapshot to standard output, or a directory as an archive; / is all of it.',
  )
    .addOption(new Option('-a, --archive <format>', 'of directories').choices(['tar', 'zip']).default('tar'))
    .option('-t, --target <path>', 'write to this file');
  addSnapshotFlags(command).action(
    action<Options>(runtime, async (invocation, operands, flags) => {
      const [snapshot, path] = operands;
      if (snapshot === undefined || path === undefined || operands.length > 2) {
        throw new HoldfastError('usage', 'dump takes a snapshot and a path in it');
      }
      const { dump } = await import('../../operations/dump.ts');
      const { withRepository } = await import('../session.ts');
      const filter = snapshotFilter(flags, invocation.environment);
      const options = { snapshot, path, filter, archive: flags.archive };
      await withRepository(invocation, { lock: 'read', prefetch: ['index'] }, async (repository, context) => {
        const dumped = await dump(repository, options, context);
        if (flags.target === undefined) await toStandardOutput(invocation, dumped);
        else await toFile(dumped, flags.target, context.signal);
      });
    }),
  );
  return withExamples(command, [
    ['holdfast dump latest /etc/hosts', 'one file'],
    ['holdfast dump latest /home/ada | tar -x -C /tmp', 'a directory, without touching anything else'],
    ['holdfast dump -a zip -t site.zip latest:/var/www /', 'as a zip file'],
  ]);
}

async function toStandardOutput({ terminal }: Invocation, dumped: Dump): Promise<void> {
  if (dumped.kind !== 'file' && terminal.stdoutIsTerminal) {
    throw new HoldfastError('usage', 'an archive is nothing for a terminal', {
      hint: 'redirect the output, or name a file with --target',
    });
  }
  for await (const piece of dumped.bytes) await terminal.bytes(piece);
}

async function toFile(dumped: Dump, target: string, signal: AbortSignal): Promise<void> {
  const file = createWriteStream(target);
  await pipeline(dumped.bytes, file, { signal }).catch((cause: unknown) => {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError('failed', `${target} cannot be written: ${messageOf(cause)}`, { cause });
  });
}
