/** A database of a snapshot in the form that is wanted: one stream, an archive, or scripts for a container. */
import type { Context } from '../../kernel/context.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import type { DumpFile, StoredDatabase } from '../../sources/database/driver.ts';
import { driverOfKind } from '../../sources/database/drivers.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { openStoredDatabase, type StoredDatabaseChoice } from './database-dump.ts';
import { type DumpPrograms, openOneFile } from './open-one-file.ts';

export const dumpForms = ['sql', 'custom', 'initdb'] as const;
export type DumpForm = (typeof dumpForms)[number];

export interface DumpFormChoice extends StoredDatabaseChoice {
  /** one that the snapshot has as one file is given as it is when undefined */
  readonly form: DumpForm | undefined;
  readonly programs: DumpPrograms;
  /** these alone, of the form `sql` */
  readonly tables?: readonly string[] | undefined;
}

export type DatabaseDump =
  | { readonly kind: 'text' | 'archive'; readonly bytes: AsyncIterable<Uint8Array> }
  | { readonly kind: 'scripts'; readonly files: readonly DumpFile[] };

/** Codes `usage` for a form that this kind of database does not have, and those of the database's own driver. */
export async function dumpDatabaseAs(
  repository: Repository,
  options: DumpFormChoice,
  context: Context,
): Promise<DatabaseDump> {
  const { form, tables, masked } = options;
  const prepare = async (found: StoredDatabase): Promise<StoredDatabase> => {
    const asItIs = !masked && !tables && (form === undefined || form === found.evidence.format);
    const whole = asItIs ? found : await openOneFile(found, options.programs, context);
    return masked ? masked(whole) : whole;
  };
  const stored = await openStoredDatabase(
    repository,
    { ...options, masked: prepare, isPart: tables !== undefined },
    context,
  );
  try {
    const dump = await dumpAs(stored, options);
    return dump.kind === 'scripts' ? dump : { ...dump, bytes: closing(dump.bytes, stored) };
  } catch (error) {
    await stored.close?.();
    throw error;
  }
}

async function* closing(
  bytes: AsyncIterable<Uint8Array>,
  { close }: StoredDatabase,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* bytes;
  } finally {
    await close?.();
  }
}

async function dumpAs(
  stored: StoredDatabase,
  { form = 'sql', tables }: Pick<DumpFormChoice, 'form' | 'tables'>,
): Promise<DatabaseDump> {
  const { kind } = stored.evidence;
  const driver = await driverOfKind(kind);
  const without = (what: string): HoldfastError =>
    new HoldfastError('usage', `there is no ${what} of a database of ${kind}`);
  if (tables && form !== 'sql') {
    throw new HoldfastError('usage', '--table goes with --format sql alone');
  }
  if (tables) {
    if (!driver.assembleTables) throw without('dump of single tables');
    return { kind: 'text', bytes: await driver.assembleTables(stored, tables) };
  }
  switch (form) {
    case 'sql':
      return { kind: 'text', bytes: driver.assemble(stored) };
    case 'custom':
      if (!driver.archive) throw without('archive');
      return { kind: 'archive', bytes: driver.archive(stored) };
    case 'initdb':
      if (!driver.initdb) throw without('dump for a container');
      return { kind: 'scripts', files: driver.initdb(stored) };
  }
}
