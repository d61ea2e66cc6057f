/** Drills the snapshot of a database: restores it into a throwaway server and compares what came back. */
import { statfs } from 'node:fs/promises';
import type { Context } from '../../kernel/context.ts';
import { type ErrorCode, HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import type { DatabaseDriver, Environment, StoredDatabase } from '../../sources/database/driver.ts';
import { driverOfKind } from '../../sources/database/drivers.ts';
import { notHere } from '../../sources/database/not-here.ts';
import type { DrillDriver, ThrowawayServer } from '../../sources/database/throwaway-server.ts';
import { compare } from './compare.ts';
import { observe, observeStored } from './observation.ts';
import { type DrillQuery, runQueries } from './queries.ts';
import { type DrillFindings, noFindings, type Stages } from './report.ts';

export interface DatabaseDrillOptions {
  readonly queries: readonly DrillQuery[];
  readonly environment: Environment;
  /** a folder to look for the server's programs in before all others, by the driver's setting */
  readonly programs: (setting: string) => string | undefined;
  readonly temporaryFolder: string;
  readonly stages: Stages;
}

/** Codes that speak of the way to the repository, not of what is in it. */
const unreachable: ReadonlySet<ErrorCode> = new Set([
  'unreachable',
  'forbidden',
  'bad-credentials',
  'wrong-region',
  'no-bucket',
  'clock-skew',
]);

/** Code `missing-here` when this machine cannot do it; what is wrong with the snapshot is among the findings. */
export async function drillDatabase(
  stored: StoredDatabase,
  options: DatabaseDrillOptions,
  context: Context,
): Promise<DrillFindings> {
  const { stages } = options;
  const { kind } = stored.evidence;
  const driver = await driverOfKind(kind);
  if (!driver.drill) throw new HoldfastError('unsupported', `databases of ${kind} cannot be drilled yet`);
  const drill = await driver.drill();
  await ensureRoom(stored, options.temporaryFolder);
  await using server = await stages.time('start', () =>
    drill.start(stored, throwawayOptions(driver, options, context)),
  );
  try {
    return await restoreAndCompare(stored, { driver, drill, server }, options, context);
  } catch (error) {
    throwIfAborted(context.signal);
    const died = await server.ended();
    if (died !== undefined) throw notHere(`the throwaway server died: ${died}`, { cause: error });
    if (server.isMissingHere(messageOf(error))) throw notHere(messageOf(error), { cause: error });
    if (hasLeftOut(stored) && stages.last === 'restore' && server.isLeftOut?.(messageOf(error))) {
      throw notHere(`the choice of tables left out what these need: ${messageOf(error)}`, {
        hint: 'choose that as well at backup, or restore into a database that has it and look there',
        cause: error,
      });
    }
    if (!(error instanceof HoldfastError) || unreachable.has(error.code)) throw error;
    const what = stages.last === 'restore' ? 'it cannot be restored' : 'what was restored cannot be read';
    return {
      ...noFindings,
      server: server.name,
      notes: [...leftOutNotes(stored), ...server.madeUp],
      differences: [`${what}: ${error.message}`],
    };
  }
}

interface Means {
  readonly driver: DatabaseDriver;
  readonly drill: DrillDriver;
  readonly server: ThrowawayServer;
}

async function restoreAndCompare(
  stored: StoredDatabase,
  { driver, drill, server }: Means,
  { queries, stages }: DatabaseDrillOptions,
  { signal }: Context,
): Promise<DrillFindings> {
  const warnings: string[] = [];
  const { environment } = server.connection;
  const address = driver.address(server.url, environment);
  const connection = { ...server.connection, warn: (message: string) => void warnings.push(message) };

  const before = await stages.time('restore', async () => {
    const watched = await observeStored(stored, drill);
    const { choices } = server;
    await address.restore(watched.stored, { ...connection, choices, singleTransaction: false, signal });
    return watched;
  });
  const comparison = await stages.time('compare', async () => {
    const source = address.source({
      ...connection,
      modified: new Date(0),
      stallTimeout: undefined,
      globals: false,
      without: stored.evidence.without,
      // masking took away what the restored database computes anew
      masking: stored.evidence.masked && drill.masking?.(signal),
    });
    const after = await observe(source, drill, signal);
    const { differences, ...rest } = compare(before, after, drill);
    const findings = await server.findings();
    const counts = { ...rest.counts, ...(await server.counts()) };
    return { ...rest, counts, differences: [...differences, ...findings], restored: after.evidence };
  });
  const answers = await stages.time('queries', () =>
    runQueries(queries, server.query, async () => signal.aborted || (await server.ended()) !== undefined),
  );
  const failed = answers.filter(({ passed }) => !passed);
  const { differences, notes, tables, counts, restored } = comparison;
  return {
    server: server.name,
    dumpedBy: restored.dumpedBy,
    differences: [
      ...differences,
      ...failed.map(({ name, got }) => `the query "${name}" gives: ${got || 'nothing'}`),
    ],
    notes: [...leftOutNotes(stored), ...server.madeUp, ...notes, ...warnings],
    tables,
    counts,
    queries: answers,
  };
}

/** What came back is what was backed up, which need not be all that there was. */
function leftOutNotes({ evidence }: StoredDatabase): string[] {
  return (evidence.leftOut ?? []).map((what) => `not in the backup: ${what}`);
}

/** Tables that are kept without their rows lack nothing that others need. */
function hasLeftOut({ evidence }: StoredDatabase): boolean {
  const { excludeTableData: _, ...others } = evidence.choices ?? {};
  return Object.keys(others).length > 0;
}

function throwawayOptions(driver: DatabaseDriver, options: DatabaseDrillOptions, { signal }: Context) {
  const { environment, temporaryFolder } = options;
  const programs =
    driver.programsSetting === undefined ? undefined : options.programs(driver.programsSetting);
  return { environment, programs, temporaryFolder, signal };
}

/** A restored database takes at least about what its dump takes. */
async function ensureRoom({ evidence }: StoredDatabase, folder: string): Promise<void> {
  const needed = evidence.parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  const inGib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);
  throw notHere(`${folder} has ${inGib(free)} GiB free, and the database is ${inGib(needed)} GiB`, {
    hint: 'choose another folder with TMPDIR',
  });
}
