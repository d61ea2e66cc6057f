/** Which sources some vault of a job did not take in this run: what the other vaults have of them stays. */
import type { OpenedSource } from './open-sources.ts';
import type { KeptSource } from './vault.ts';

/**
 * @param taken what each vault that could be opened was given
 * @param vaults how many there are: one that could not be opened took nothing
 */
export function missingSomewhere(
  taken: readonly (readonly KeptSource[])[],
  vaults: number,
): (kept: KeptSource) => boolean {
  const counts = new Map<string, number>();
  for (const { opened, step } of taken.flat()) {
    if (step.outcome === 'failed') continue;
    const key = keyOf(opened);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return ({ opened }) => counts.get(keyOf(opened)) !== vaults;
}

/** One source may be several databases. */
function keyOf(opened: OpenedSource): string {
  return `${opened.source.name}\0${opened.kind === 'stream' ? opened.path : ''}`;
}
