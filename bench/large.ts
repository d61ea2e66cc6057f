/** First backup and restore of a tree ten times as large: memory must stay what it is for a small one. */
import { createCipheriv } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { removeTree } from '../test/support/temp.ts';
import { type Bench, settle } from './bench.ts';
import { type Command, measure, perform } from './measure.ts';
import { createCollector, type ScenarioResult } from './result.ts';

const mib = 2 ** 20;
const fileMib = 256;
/** of each 4 KiB, what is random; the rest repeats it, so that the repository fits beside the tree */
const randomBytes = 256;
const repeatedBytes = 4096;

/** Results by name: `large first` and `large restore`. Needs twice the tree's size on disk. */
export async function measureLarge(bench: Bench): Promise<Map<string, ScenarioResult>> {
  const { largeGib } = bench.options;
  const [first, restore] = [createCollector(), createCollector()];
  const run = async (program: string, collector: typeof first, command: Command): Promise<void> => {
    await settle();
    const measurement = await measure(command);
    collector.add(program, measurement);
    bench.say(
      `${program.padEnd(9)} large    ${measurement.seconds.toFixed(2)} s  peak ${measurement.peakMiB.toFixed(0)} MiB`,
    );
  };
  bench.clearAside();
  for (const program of bench.programs) {
    bench.say(`making ${largeGib} GiB`);
    const tree = bench.freshFolder('large');
    for (let file = 0; file < (largeGib * 1024) / fileMib; file++) writeLargeFile(`${tree}/${file}`, file);
    const place = bench.freshPlace(program);
    for (const command of program.init(place)) await perform(command);
    await run(program.name, first, program.backup(place, tree, 0));
    removeTree(tree);
    await run(program.name, restore, program.restore(place, tree, bench.freshFolder('restored')));
    removeTree(bench.path('restored'));
  }
  const subject = `Generated files: ${largeGib} GiB of unique data.`;
  return new Map([
    ['large first', first.result('Large tree: first backup', subject, bench.versions)],
    ['large restore', restore.result('Large tree: restore of everything', subject, bench.versions)],
  ]);
}

function writeLargeFile(path: string, seed: number): void {
  const key = Buffer.alloc(32);
  key.writeUInt32LE(seed);
  const random = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc((mib / repeatedBytes) * randomBytes);
  const block = Buffer.alloc(mib);
  const file = openSync(path, 'wx');
  for (let written = 0; written < fileMib; written++) {
    const unique = random.update(zeros);
    for (let at = 0, from = 0; at < mib; at += repeatedBytes, from += randomBytes) {
      block.fill(unique.subarray(from, from + randomBytes), at, at + repeatedBytes);
    }
    writeSync(file, block);
  }
  closeSync(file);
}
