/** Proves that a dump in an archive can be restored: into a throwaway server, compared with what was seen when it was made. */
import { access } from 'node:fs/promises';
import type { Context } from '../../kernel/context.ts';
import { hasCode, HoldfastError } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import type { DatabaseKind } from '../../sources/database/evidence.ts';
import { scriptDriver, type ScriptKind } from '../../sources/database/script.ts';
import type { Archive, StoredArtefact } from '../../vaults/archive/archive.ts';
import type { DumpPrograms } from '../database/open-one-file.ts';
import type { Certificate } from '../drill/certificate.ts';
import { drillDatabase } from '../drill/drill-database.ts';
import type { DrillQuery } from '../drill/queries.ts';
import { createStages, type DrillFindings, noFindings, type Stage } from '../drill/report.ts';
import { drillTree } from './drill-tree.ts';
import { formOf } from './find.ts';
import { openArchivedDump } from './stored-dump.ts';

export interface ArchiveDrillOptions extends DumpPrograms {
  readonly queries: readonly DrillQuery[];
  /** an existing folder with room for what is restored */
  readonly temporaryFolder: string;
  readonly onStage?: (stage: Stage) => void;
}

export interface ArchiveDrillResult {
  readonly result: 'proven' | 'differs' | 'not-drilled';
  readonly kind: string;
  /** what was backed up, as far as the manifest tells */
  readonly source: Certificate['source'];
  readonly findings: DrillFindings;
  readonly seconds: Readonly<Partial<Record<Stage, number>>>;
  readonly hint: string | undefined;
  /** milliseconds since 1970 */
  readonly started: number;
  readonly finished: number;
}

const isScriptKind = (kind: DatabaseKind): kind is ScriptKind => kind !== 'sqlite';

const startTimeout = 120_000;

/** What differs, and what this machine lacks, is in the result; anything else that fails is thrown. */
export async function drillArchive(
  archive: Archive,
  artefact: StoredArtefact,
  options: ArchiveDrillOptions,
  context: Context,
): Promise<ArchiveDrillResult> {
  const started = context.clock.now();
  const stages = createStages(context.clock, (stage) => options.onStage?.(stage));
  await access(options.temporaryFolder).catch((error: unknown) => {
    throw fromNodeError('use', Buffer.from(options.temporaryFolder), error);
  });
  let kind = '';
  let source: ArchiveDrillResult['source'];
  try {
    if (formOf(artefact) === 'tar') {
      kind = 'files';
      refuseQueries('there is no database in a tar');
      return told(await drillTree(archive, artefact, { ...options, stages }, context));
    }
    const dump = await openArchivedDump(archive, artefact, options, context);
    kind = dump.kind;
    if (dump.known) {
      const { database, server, dumpedBy } = dump.known;
      source = { database, server, dumpedBy };
    }
    const findings =
      dump.known === undefined && isScriptKind(dump.kind)
        ? await verifyAlone(dump.kind)
        : await drillDatabase(await dump.stored(), { ...options, stages }, context);
    return told(findings);

    /** Of a dump that tells nothing of its rows: it is restored, and has tables. */
    async function verifyAlone(kind: ScriptKind): Promise<DrillFindings> {
      const { environment, temporaryFolder } = options;
      refuseQueries('queries are for dumps with a manifest');
      const notes: string[] = [];
      const driver = await scriptDriver(kind);
      const verified = await stages.time('restore', () =>
        driver.verify(
          {
            ...{ kind, host: '', port: undefined, database: 'drill' },
            ...{ user: undefined, password: undefined },
          },
          dump.open,
          {
            ...{ environment, temporaryFolder, schema: undefined, serverTimeout: startTimeout },
            ...{ ignoreErrors: false, signal: context.signal, warn: (message) => void notes.push(message) },
            programs: dump.driver.programsSetting && options.programs(dump.driver.programsSetting),
          },
        ),
      );
      const told = 'there is no manifest: it was restored, and its tables were counted';
      return {
        ...noFindings,
        server: verified.server,
        notes: [told, ...verified.madeUp, ...notes],
        counts: { tables: verified.tables },
        uncompared: true,
      };
    }
  } catch (error) {
    const lacking = hasCode(error, 'missing-here', 'disk-full');
    if (!lacking && !hasCode(error, 'corrupt', 'truncated', 'not-found')) throw error;
    const findings = { ...noFindings, differences: [error.message] };
    return lacking ? { ...told(findings), result: 'not-drilled', hint: error.hint } : told(findings);
  }

  function told(findings: DrillFindings): ArchiveDrillResult {
    const result = findings.differences.length === 0 ? 'proven' : 'differs';
    const times = { seconds: stages.seconds, started, finished: context.clock.now() };
    return { result, kind, source, findings, ...times, hint: undefined };
  }

  function refuseQueries(why: string): void {
    if (options.queries.length > 0) throw new HoldfastError('usage', why);
  }
}
