/** `holdfast dump` */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseDump, DumpForm } from '../../operations/database/dump-form.ts';
import type { Dump } from '../../operations/dump.ts';
import { addArchiveReadFlags, type ArchiveFlags } from '../archive-flags.ts';
import { setting } from '../environment.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { unwritable } from '../output/unwritable.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation, Runtime } from '../verb.ts';
import { collect } from '../values.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends SnapshotFlags, ArchiveFlags {
  archive: 'tar' | 'zip';
  target?: string;
  mask?: string;
  format?: DumpForm;
  table?: string[];
}

export function dumpCommand(runtime: Runtime): Command {
  const command = verb(
    'dump',
    '[flags] SNAPSHOT[:PATH] PATH | SNAPSHOT',
    'Writes a file of a snapshot to standard output, or a directory as an archive; / is all of it.\n' +
      'The snapshot of a database alone is written as one stream that its client takes.',
  )
    .addOption(new Option('-a, --archive <format>', 'of directories').choices(['tar', 'zip']).default('tar'))
    .option('-t, --target <path>', 'write to this file')
    .addOption(
      new Option(
        '--format <form>',
        'of a database: sql, custom for pg_restore, initdb for containers (default: sql)',
      ).choices(['sql', 'custom', 'initdb']),
    )
    .addOption(new Option('--table <schema.table>', 'one table of a database alone').argParser(collect))
    .option('--mask <file>', 'rules by which personal data in a database becomes something else');
  addArchiveReadFlags(addSnapshotFlags(command)).action(
    action<Options>(
      runtime,
      async (invocation, operands, flags) => {
        const [snapshot, path] = operands;
        if (snapshot === undefined || operands.length > 2) {
          throw new HoldfastError(
            'usage',
            'dump takes a snapshot and a path in it, or the snapshot of a database',
          );
        }
        const own = ['mask', 'format', 'table'].find((flag) => flags[flag as 'mask' | 'format' | 'table']);
        if (own !== undefined && path !== undefined) {
          throw new HoldfastError(
            'usage',
            `--${own} is for databases as a whole, not for files of a snapshot`,
          );
        }
        const form = flags.format;
        if (form === 'initdb' && flags.target === undefined) {
          throw new HoldfastError('usage', '--format initdb writes files into a folder', {
            hint: 'name it with --target',
          });
        }
        const { dump } = await import('../../operations/dump.ts');
        const { dumpDatabaseAs } = await import('../../operations/database/dump-form.ts');
        const { storedMasker } = await import('../../operations/database/load-masking.ts');
        const { withRepository } = await import('../session.ts');
        const { environment } = invocation;
        const filter = snapshotFilter(flags, environment);
        await withRepository(
          invocation,
          { lock: 'read', prefetch: ['index'] },
          async (repository, context) => {
            const masked = storedMasker(invocation, flags.mask, repository);
            const dumped =
              path === undefined
                ? await dumpDatabaseAs(
                    repository,
                    {
                      ...{ snapshot, filter, masked, form, tables: flags.table },
                      programs: { environment, programs: (name) => setting(environment, name) },
                    },
                    context,
                  )
                : await dump(repository, { snapshot, path, filter, archive: flags.archive }, context);
            if (dumped.kind === 'scripts') {
              const { writeScripts } = await import('../output/write-scripts.ts');
              const written = await writeScripts(flags.target!, dumped.files, context.signal);
              for (const file of written) invocation.terminal.say(`wrote ${file}`);
            } else if (flags.target === undefined) await toStandardOutput(invocation, dumped);
            else await toFile(dumped, flags.target, context.signal);
          },
        );
      },
      async () => (await import('../archive/dump.ts')).runArchiveDump,
    ),
  );
  return withExamples(command, [
    ['holdfast dump latest /etc/hosts', 'one file'],
    ['holdfast dump latest /home/ada | tar -x -C /tmp', 'a directory, without touching anything else'],
    ['holdfast dump latest --path /postgres/db_5432/shop | psql shop', 'a database, into an empty one'],
    ['holdfast dump latest --format custom | pg_restore -d shop', 'the same, for pg_restore'],
    ['holdfast dump latest --table shop.orders | psql test', 'one table'],
    [
      'holdfast dump latest --format initdb -t ./initdb.d',
      'what a container of PostgreSQL, MySQL or MariaDB starts with',
    ],
    ['holdfast dump latest | sqlite3 new.db', 'a SQLite database, as SQL'],
    ['holdfast dump -a zip -t site.zip latest:/var/www /', 'as a zip file'],
  ]);
}

async function toStandardOutput(
  { terminal }: Invocation,
  dumped: Dump | Exclude<DatabaseDump, { kind: 'scripts' }>,
): Promise<void> {
  if (dumped.kind !== 'file' && dumped.kind !== 'text' && terminal.stdoutIsTerminal) {
    throw new HoldfastError('usage', 'an archive is nothing for a terminal', {
      hint: 'redirect the output, or name a file with --target',
    });
  }
  for await (const piece of dumped.bytes) await terminal.bytes(piece);
}

async function toFile(dumped: Pick<Dump, 'bytes'>, target: string, signal: AbortSignal): Promise<void> {
  const file = createWriteStream(target);
  await pipeline(dumped.bytes, file, { signal }).catch((cause: unknown) => {
    throw unwritable(target, cause);
  });
}
