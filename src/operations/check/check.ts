/**
 * Checks a repository: index files, packs, and everything that snapshots reach; on demand every byte of data.
 * Every pack is read at most once: trees are looked at while their packs are read, and joined to snapshots afterwards.
 */
import type { Context } from '../../kernel/context.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import type { SnapshotFilter } from '../../vaults/repository/snapshot-filter.ts';
import { findSnapshots, isEmptyFilter } from '../../vaults/repository/snapshot-filter.ts';
import { readIndexFindings } from './index-findings.ts';
import { layOut } from './pack-layout.ts';
import type { BrokenPack, CheckPool, Reading } from './pack-reading.ts';
import { createPackMemory } from '../pack-memory.ts';
import { readPacks, readTrees, startCheckPool } from './pack-reading.ts';
import { reportIndex, reportRepair, reportStored } from './report.ts';
import type { CheckReport, CheckResult, Findings } from './report.ts';
import type { KnownPack } from './stored-packs.ts';
import { compareStoredPacks } from './stored-packs.ts';
import type { ReadDataSubset } from './subset.ts';
import { selectPacks } from './subset.ts';
import { TreeGraph } from './tree-graph.ts';

export interface CheckOptions {
  /** absent: structure only */
  readonly readData?: ReadDataSubset | undefined;
  /** look at these snapshots alone */
  readonly filter?: SnapshotFilter;
  /** takes what there is to say, in restic's words, as it is found */
  readonly report?: (report: CheckReport) => void;
  /** threads that were started before, with `startCheckPool`; the caller ends them */
  readonly pool?: CheckPool;
  /** numbers from 0 up to 1, for subsets chosen at random */
  readonly random?: () => number;
}

/** The caller holds an exclusive lock. Damage is reported and counted, not thrown. */
export async function check(
  repository: Repository,
  options: CheckOptions,
  context: Context,
): Promise<CheckResult> {
  await using stack = new AsyncDisposableStack();
  const pool = options.pool ?? stack.use(startCheckPool());
  const findings: Findings = {
    report: options.report ?? (() => {}),
    errors: 0,
    damaged: false,
    brokenPacks: new Set(),
    brokenSnapshots: [],
    suggestRepairIndex: false,
    suggestPrune: false,
  };
  await examine(repository, options, context, pool, findings);
  return {
    errors: findings.errors,
    sound: !findings.damaged,
    brokenPacks: [...findings.brokenPacks],
    brokenSnapshots: findings.brokenSnapshots,
    suggestRepairIndex: findings.suggestRepairIndex,
    suggestPrune: findings.suggestPrune,
  };
}

async function examine(
  repository: Repository,
  options: CheckOptions,
  context: Context,
  pool: CheckPool,
  findings: Findings,
): Promise<void> {
  const { report } = findings;
  const filter = options.filter ?? {};
  const filtered = !isEmptyFilter(filter) || (filter.ids?.length ?? 0) > 0;
  // Before the index: what a snapshot that is listed here needs was indexed before.
  const roots = await readRoots(repository, filter, findings);

  report({ kind: 'status', text: 'load indexes' });
  const indexFindings = await readIndexFindings(repository, context.signal);
  if (!reportIndex(findings, indexFindings)) return;
  const { index } = indexFindings;
  if (!index.isSmall) pool.startAll();
  const layout = layOut(index);
  const begun = pool.broadcast({
    kind: 'begin',
    key: repository.key,
    index: index.shared,
    layout,
    withPacks: filtered,
  });
  begun.catch(() => {});

  report({ kind: 'status', text: 'check all packs' });
  const stored = await compareStoredPacks(repository, index, layout);
  reportStored(findings, stored);
  await begun;

  report({ kind: 'status', text: 'check snapshots, trees and blobs' });
  const graph = new TreeGraph(index);
  const reading: Reading = { repository, pool, index, layout, graph, memory: createPackMemory(), context };
  const select = (packs: readonly KnownPack[]) =>
    selectPacks(packs, options.readData!, options.random ?? Math.random, filtered);
  let selection = options.readData && !filtered ? select(stored.known) : undefined;
  const withTrees = stored.known.filter(({ trees }) => trees > 0);
  const early = new Set(selection?.packs.filter(({ trees }) => trees > 0));
  const brokenPacks: BrokenPack[] = [];
  let read = 0;
  const done = () =>
    report({ kind: 'progress', what: 'packs', done: ++read, total: selection?.packs.length ?? 0 });
  await readTrees(
    reading,
    withTrees.filter((pack) => !early.has(pack)),
  );
  await readPacks(reading, [...early], true, (pack) => brokenPacks.push(pack), done);
  const reached = joinSnapshots(graph, roots, findings);

  if (options.readData) {
    selection ??= select(stored.known.filter(({ pack }) => reached.has(pack)));
    report({ kind: 'status', text: selection.description });
    for (const pack of brokenPacks) takeBroken(findings, pack);
    const rest = selection.packs.filter((pack) => !early.has(pack));
    await readPacks(reading, rest, false, (pack) => takeBroken(findings, pack), done);
  }
  reportRepair(findings);
}

/** Root trees (hex) of the snapshots that are looked at. */
async function readRoots(
  repository: Repository,
  filter: SnapshotFilter,
  findings: Findings,
): Promise<string[]> {
  const problems: { id: string; error: unknown }[] = [];
  const entries = await findSnapshots(repository, filter, (id, error) => problems.push({ id, error }));
  findings.unreadableSnapshots = problems;
  return entries.map(({ snapshot }) => snapshot.tree);
}

function joinSnapshots(graph: TreeGraph, roots: readonly string[], findings: Findings): Set<number> {
  for (const { id, error } of findings.unreadableSnapshots ?? []) {
    findings.damaged = true;
    findings.errors++;
    findings.brokenSnapshots.push(id);
    findings.report({
      kind: 'error',
      text: `snapshot error ${id}: ${error instanceof Error ? error.message : String(error)}`,
    });
  }
  return graph.walk(roots, ({ id, errors }) => {
    findings.damaged = true;
    findings.errors += errors.length;
    findings.report({ kind: 'error', text: `error for tree ${id.slice(0, 8)}:` });
    for (const error of errors) findings.report({ kind: 'error', text: `  ${error}` });
  });
}

function takeBroken(findings: Findings, { id, message, damaged }: BrokenPack): void {
  findings.damaged = true;
  findings.errors++;
  findings.report({ kind: 'error', text: message });
  if (damaged) findings.brokenPacks.add(id);
}
