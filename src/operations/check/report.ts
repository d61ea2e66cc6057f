/** What a check has to say, in the words that restic's users and scripts know. */
import { toHex } from '../../kernel/hex.ts';
import type { IndexFindings, RepeatedPack } from './index-findings.ts';
import type { StoredPacks } from './stored-packs.ts';
import { fileProblem } from './stored-packs.ts';

export type CheckReport =
  /** what is being done */
  | { readonly kind: 'status'; readonly text: string }
  /** not in order, and no damage */
  | { readonly kind: 'hint'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }
  /** for who asks for details */
  | { readonly kind: 'detail'; readonly text: string }
  | { readonly kind: 'progress'; readonly what: 'packs'; readonly done: number; readonly total: number };

export interface CheckResult {
  /** errors counted as restic counts them */
  readonly errors: number;
  /** false: the command must fail */
  readonly sound: boolean;
  /** hex ids for `repair packs` */
  readonly brokenPacks: readonly string[];
  /** hex ids for `repair snapshots` */
  readonly brokenSnapshots: readonly string[];
  readonly suggestRepairIndex: boolean;
  readonly suggestPrune: boolean;
}

/** The result as it comes together. */
export interface Findings {
  readonly report: (report: CheckReport) => void;
  errors: number;
  damaged: boolean;
  readonly brokenPacks: Set<string>;
  readonly brokenSnapshots: string[];
  suggestRepairIndex: boolean;
  suggestPrune: boolean;
  /** snapshots that were asked for and cannot be had, told when their turn comes */
  unreadableSnapshots?: readonly { readonly id: string; readonly error: unknown }[];
}

/** Tells what the index files showed; false when the check cannot go on. */
export function reportIndex(findings: Findings, found: IndexFindings): boolean {
  const { report } = findings;
  const named = ({ indexes }: RepeatedPack) => `{${indexes.map((id) => id.slice(0, 8)).join(' ')}}`;
  if (found.errors.length === 0) {
    for (const repeated of found.differing) {
      report({
        kind: 'error',
        text: `pack ${repeated.pack} has different data in indexes: ${named(repeated)}`,
      });
      findings.brokenPacks.add(repeated.pack);
      findings.damaged = true;
      findings.errors++;
    }
    for (const repeated of found.duplicate) {
      report({
        kind: 'hint',
        text: `pack ${repeated.pack} contained in several indexes: ${named(repeated)}`,
      });
      findings.suggestRepairIndex = true;
    }
    for (const pack of found.mixed) {
      report({ kind: 'hint', text: `pack ${pack.slice(0, 8)} contains a mix of tree and data blobs` });
      findings.suggestPrune = true;
    }
  }
  if (findings.suggestRepairIndex) {
    report({
      kind: 'hint',
      text: 'Duplicate packs are non-critical, you can run `holdfast repair index` to correct this.',
    });
  }
  if (findings.suggestPrune) {
    report({
      kind: 'hint',
      text: 'Mixed packs with tree and data blobs are non-critical, you can run `holdfast prune` to correct this.',
    });
  }
  if (found.errors.length === 0) return true;
  for (const error of found.errors) report({ kind: 'error', text: `error: ${error}` });
  findings.damaged = true;
  findings.errors += found.errors.length;
  findings.suggestRepairIndex = true;
  report({
    kind: 'error',
    text: '\nThe repository index is damaged and must be repaired. You must run `holdfast repair index` to correct this.\n',
  });
  return false;
}

/** Tells which packs are missing, of a wrong size, or known to nobody. */
export function reportStored(findings: Findings, { known, orphaned }: StoredPacks): void {
  const { report } = findings;
  for (const pack of known) {
    const problem = fileProblem(pack);
    if (problem === undefined) continue;
    report({ kind: 'error', text: problem });
    findings.damaged = true;
    findings.errors++;
    if (pack.storedSize !== undefined) findings.brokenPacks.add(toHex(pack.id));
  }
  if (orphaned.length === 0) return;
  findings.suggestPrune = true;
  for (const id of orphaned) report({ kind: 'detail', text: `pack ${id}: not referenced in any index` });
  if (findings.damaged) return;
  const text = `${orphaned.length} additional files were found in the repo, which likely contain duplicate data.\nThis is non-critical, you can run \`holdfast prune\` to correct this.`;
  report({ kind: 'status', text });
}

/** The last word: how to repair what was found, or that there is nothing to repair. */
export function reportRepair({ report, damaged, brokenPacks, brokenSnapshots }: Findings): void {
  if (!damaged) {
    report({ kind: 'status', text: 'no errors were found' });
    return;
  }
  const guide =
    'Read https://restic.readthedocs.io/en/stable/077_troubleshooting.html first: the format is the same.';
  if (brokenPacks.size > 0) {
    report({
      kind: 'error',
      text: `\nThe repository contains damaged pack files. They must be removed to repair the repository, with the following commands. ${guide}\n\nholdfast repair packs ${[...brokenPacks].join(' ')}\nholdfast repair snapshots --forget\n`,
    });
  }
  if (brokenSnapshots.length > 0) {
    report({
      kind: 'error',
      text: `\nThe repository contains damaged snapshot files. They must be removed to repair the repository, with the following command. ${guide}\n\nholdfast repair snapshots --forget ${brokenSnapshots.join(' ')}\n`,
    });
  }
  if (brokenPacks.size === 0 && brokenSnapshots.length === 0) {
    report({ kind: 'error', text: `\nThe repository is damaged and must be repaired. ${guide}\n` });
  }
}
