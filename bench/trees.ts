/** First backup, second backup, check of all data and restore of a tree, in one repository on the local disk. */
import { spawnSync } from 'node:child_process';
import { alternating, type Bench, settle, warm } from './bench.ts';
import { measure, perform } from './measure.ts';
import type { Place, Program } from './programs.ts';
import { type Collector, createCollector, type ScenarioResult } from './result.ts';

export type TreeWork = 'first' | 'again' | 'check' | 'restore';

const titles: Readonly<Record<TreeWork, string>> = {
  first: 'First backup',
  again: 'Second backup, nothing changed',
  check: 'Check of all data',
  restore: 'Restore of everything',
};

/** Measures the wanted works; each run of a program has a repository of its own when the first backup is wanted. */
export async function measureTree(
  bench: Bench,
  tree: string,
  wanted: ReadonlySet<TreeWork>,
  label = '',
): Promise<Map<TreeWork, ScenarioResult>> {
  const collectors = new Map([...wanted].map((work) => [work, createCollector()]));
  const places = new Map<string, Place>();
  for (const { item: program, run } of alternating(bench.programs, bench.options.runs)) {
    let place = places.get(program.name);
    if (place === undefined || wanted.has('first')) {
      place = bench.freshPlace(program);
      places.set(program.name, place);
      for (const command of program.init(place)) await perform(command);
      await step(bench, program, place, tree, run, 'first', collectors);
    }
    for (const work of ['again', 'check', 'restore'] as const) {
      if (wanted.has(work)) await step(bench, program, place, tree, run, work, collectors);
    }
  }
  const subject = describe(tree);
  return new Map(
    [...collectors].map(([work, collector]) => [
      work,
      collector.result(`${label}${titles[work]}`, subject, bench.versions),
    ]),
  );
}

async function step(
  bench: Bench,
  program: Program,
  place: Place,
  tree: string,
  run: number,
  work: TreeWork,
  collectors: ReadonlyMap<TreeWork, Collector>,
): Promise<void> {
  const command = commandOf(bench, program, place, tree, run, work);
  if (command === undefined) return;
  // before each, not once: kernels that give cold memory back forget the tree within minutes
  if (work === 'first') await warm(tree);
  await settle();
  const measurement = await measure(command);
  const size = work === 'first' ? sizeOf(place.repository) : undefined;
  collectors.get(work)?.add(program.name, measurement, size);
  bench.say(
    `${program.name.padEnd(9)} ${work.padEnd(8)} ${measurement.seconds.toFixed(2)} s  ` +
      `cpu ${measurement.cpuSeconds.toFixed(2)} s  peak ${measurement.peakMiB.toFixed(0)} MiB` +
      (size === undefined ? '' : `  repository ${(size / 2 ** 20).toFixed(0)} MiB`),
  );
  if (work === 'restore') bench.putAside('restored', sizeOf(tree));
}

function commandOf(
  bench: Bench,
  program: Program,
  place: Place,
  tree: string,
  run: number,
  work: TreeWork,
): ReturnType<Program['backup']> | undefined {
  switch (work) {
    case 'first':
      return program.backup(place, tree, run * 2);
    case 'again':
      return program.onlyWhole === true ? undefined : program.backup(place, tree, run * 2 + 1);
    case 'check':
      return program.check?.(place);
    case 'restore':
      return program.restore(place, tree, bench.freshFolder('restored'));
  }
}

/** Bytes of all files below a folder. */
function sizeOf(folder: string): number {
  const result = spawnSync('du', ['-s', '--apparent-size', '--block-size=1', folder], { encoding: 'utf8' });
  return Number(result.stdout.split('\t')[0]);
}

function describe(tree: string): string {
  const count = spawnSync('bash', ['-c', 'find "$0" | wc -l', tree], { encoding: 'utf8' });
  const entries = Number(count.stdout.trim());
  const mib = Math.round(sizeOf(tree) / 2 ** 20);
  const name = tree.includes('holdfast-bench') ? 'Generated files' : `\`${tree}\``;
  return `${name}: ${entries} entries, ${mib} MiB.`;
}
