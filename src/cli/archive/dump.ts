/** `holdfast dump` of an archive: the decoded bytes of one file. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { HoldfastError } from '../../kernel/errors.ts';
import { chooseArtefact, findArchiveSnapshot, formOf } from '../../operations/archive/find.ts';
import { openArtefact } from '../../vaults/archive/reader.ts';
import type { ArchiveFlags } from '../archive-flags.ts';
import { unwritable } from '../output/unwritable.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation } from '../verb.ts';
import { withArchive } from './open.ts';

interface Options extends SnapshotFlags, ArchiveFlags {
  target?: string;
  format?: string;
  table?: string[];
  mask?: string;
}

export async function runArchiveDump(
  invocation: Invocation,
  [id, named, ...more]: readonly string[],
  flags: Options,
): Promise<void> {
  const { terminal, environment, context } = invocation;
  if (id === undefined || more.length > 0) {
    throw new HoldfastError(
      'usage',
      'dump takes a snapshot of an archive, and one of its files where it has several',
    );
  }
  const wrong = flags.table
    ? '--table'
    : flags.mask
      ? '--mask'
      : flags.format === 'initdb'
        ? '--format initdb'
        : undefined;
  if (wrong !== undefined) {
    throw new HoldfastError('usage', `${wrong} is for repositories: an archive gives its files as they are`);
  }
  const form = flags.format === 'custom' ? 'custom' : flags.format === 'sql' ? 'sql' : undefined;
  await withArchive(invocation, flags, async (archive) => {
    const filter = snapshotFilter(flags, environment);
    const snapshot = await findArchiveSnapshot(archive, id, filter, context);
    const artefact = chooseArtefact(snapshot, { named, form });
    const bytes = openArtefact(archive, artefact, context.signal);
    if (flags.target !== undefined) {
      await pipeline(bytes, createWriteStream(flags.target), { signal: context.signal }).catch(
        (cause: unknown) => {
          throw unwritable(flags.target!, cause);
        },
      );
      return;
    }
    if (terminal.stdoutIsTerminal && ['custom', 'sqlite', 'tar'].includes(formOf(artefact))) {
      throw new HoldfastError('usage', 'an archive is nothing for a terminal', {
        hint: 'redirect the output, or name a file with --target',
      });
    }
    for await (const piece of bytes) await terminal.bytes(piece);
  });
}
