/** Which sources some vault of a job did not take in this run: what the other vaults have of them stays. */
import type { Step } from './job.ts';
import type { KeptSource } from './vault.ts';

export function missingSomewhere(steps: readonly Step[]): (kept: KeptSource) => boolean {
  const failed = steps.filter(({ kind, outcome }) => kind === 'backup' && outcome === 'failed');
  const names = new Set(failed.map(nameIn));
  // a vault that could not be opened took nothing
  return ({ step }) => names.has('') || names.has(nameIn(step));
}

/** What the step of a backup is about, without where to; empty for a whole vault. */
function nameIn({ subject, vault = '' }: Step): string {
  return subject.slice(0, subject.length - `to ${vault}`.length).trimEnd();
}
