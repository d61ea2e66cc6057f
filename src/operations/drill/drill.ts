/** Proves that a snapshot can be restored: does it, somewhere where it harms nobody, and certifies what came back. */
import { access } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Context } from '../../kernel/context.ts';
import { hasCode, HoldfastError } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import type { Environment } from '../../sources/database/driver.ts';
import { isDatabaseFolder } from '../../sources/database/drivers.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import {
  findSnapshot,
  type FoundSnapshot,
  type SnapshotFilter,
} from '../../vaults/repository/snapshot-filter.ts';
import { openStoredDatabase } from '../database/database-dump.ts';
import { openOneFile } from '../database/open-one-file.ts';
import type { Certificate } from './certificate.ts';
import { drillDatabase } from './drill-database.ts';
import { drillFiles } from './drill-files.ts';
import type { DrillQuery } from './queries.ts';
import { createStages, type DrillFindings, noFindings, proofOf, type Stage } from './report.ts';

export interface DrillOptions {
  readonly snapshot: string;
  readonly filter?: Omit<SnapshotFilter, 'ids'>;
  readonly queries: readonly DrillQuery[];
  readonly environment: Environment;
  /** a folder to look for a server's programs in before all others */
  readonly programs: (setting: string) => string | undefined;
  /** an existing folder with room for what is restored */
  readonly temporaryFolder: string;
  readonly programVersion: string;
  readonly onFound?: (snapshot: FoundSnapshot) => void;
  readonly onStage?: (stage: Stage) => void;
}

/**
 * Everything that was made is gone when this resolves or rejects. What differs, and what this machine lacks, is in the
 * certificate; anything else that fails is thrown, `interrupted` too.
 */
export async function drill(
  repository: Repository,
  options: DrillOptions,
  context: Context,
): Promise<{ readonly certificate: Certificate; readonly hint: string | undefined }> {
  const started = context.clock.now();
  const stages = createStages(context.clock, (stage) => options.onStage?.(stage));
  const found = await findSnapshot(repository, options.snapshot, options.filter);
  if (found.path !== '') {
    throw new HoldfastError('usage', 'a drill is of a whole snapshot', { hint: `leave out :${found.path}` });
  }
  options.onFound?.(found);
  const { id, snapshot } = found;
  await access(options.temporaryFolder).catch((error: unknown) => {
    throw fromNodeError('use', Buffer.from(options.temporaryFolder), error);
  });
  const folder = snapshot.paths.find(isDatabaseFolder);
  if (folder === undefined && options.queries.length > 0) {
    throw new HoldfastError('usage', 'the snapshot holds no database that could be asked');
  }
  let kind = folder === undefined ? 'files' : folder.split('/')[1]!;
  let source: Certificate['source'];
  let findings: DrillFindings;
  let hint: string | undefined;
  let result: Certificate['result'] | undefined;
  try {
    if (folder === undefined) findings = await drillFiles(repository, found, { ...options, stages }, context);
    else {
      const stored = await openStoredDatabase(repository, { snapshot: id, asItIs: true }, context);
      const { database, server, dumpedBy } = stored.evidence;
      kind = stored.evidence.kind;
      source = { database, server, dumpedBy };
      const whole = await openOneFile(stored, options, context);
      findings = await drillDatabase(whole, { ...options, stages }, context);
    }
  } catch (error) {
    if (hasCode(error, 'missing-here', 'disk-full')) {
      hint = error.hint;
      result = 'not-drilled';
    } else if (!hasCode(error, 'corrupt', 'truncated', 'not-found')) throw error;
    findings = { ...noFindings, differences: [error.message] };
  }
  const { differences, notes, tables, counts, queries } = findings;
  const proof = proofOf(findings);
  const certificate: Certificate = {
    version: 1,
    result: result ?? (differences.length === 0 ? 'proven' : 'differs'),
    ...(proof && { proof }),
    differences,
    notes,
    repository: repository.config.id,
    snapshot: {
      ...{ id, time: snapshot.time, hostname: snapshot.hostname },
      ...{ paths: snapshot.paths, tree: snapshot.tree },
    },
    kind,
    ...(source && { source }),
    drill: {
      program: options.programVersion,
      hostname: hostname(),
      ...(findings.server !== undefined && { server: findings.server }),
      ...(findings.dumpedBy !== undefined && { dumpedBy: findings.dumpedBy }),
      started: new Date(started).toISOString(),
      finished: new Date(context.clock.now()).toISOString(),
      seconds: stages.seconds,
    },
    compared: counts,
    tables,
    queries,
  };
  return { certificate, hint };
}
