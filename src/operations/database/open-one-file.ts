/** A dump that is kept as one file, as something that can be restored and drilled. */
import type { Context } from '../../kernel/context.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseDriver, Environment, StoredDatabase } from '../../sources/database/driver.ts';
import { driverOfKind } from '../../sources/database/drivers.ts';
import type { OpenScript } from '../../sources/database/script.ts';

export interface DumpPrograms {
  readonly environment: Environment;
  /** a folder to look for a database's programs in before all others, by the driver's setting */
  readonly programs: (setting: string) => string | undefined;
}

/** The database of a snapshot, in parts where its driver wants them. Codes `truncated`, `corrupt`. */
export async function openOneFile(
  stored: StoredDatabase,
  where: DumpPrograms,
  context: Context,
): Promise<StoredDatabase> {
  const { evidence, read } = stored;
  const { format, kind } = evidence;
  if (format === undefined) return stored;
  const driver = await driverOfKind(kind);
  const content: OpenScript = () => read(evidence.parts[0]!.name);
  if (!driver.openFile) throw new HoldfastError('unsupported', `a file of ${kind} cannot be restored`);
  const script = asScript(driver, content, format === 'custom', where, context);
  const whole = await driver.openFile(script, evidence);
  // what belongs to the server stands beside it
  return { ...whole, read: (part) => (part === evidence.globals?.name ? read(part) : whole.read(part)) };
}

/** A dump as SQL, or as SQLite's own file. */
export function asScript(
  driver: DatabaseDriver,
  content: OpenScript,
  isCustom: boolean,
  { environment, programs }: DumpPrograms,
  context: Context,
): OpenScript {
  const { unpack, programsSetting } = driver;
  if (!isCustom || !unpack) return content;
  return () =>
    unpack(content(), {
      ...{ environment, signal: context.signal, warn: (message: string) => context.warn(message) },
      programs: programsSetting && programs(programsSetting),
    });
}
