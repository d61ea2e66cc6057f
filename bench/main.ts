/** Measures Holdfast against its peers in one run on the same data: `npm run bench -- --help`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, closeBench, createBench, settle, warm } from './bench.ts';
import { measureSnapshots, measureVersion } from './commands.ts';
import { measureLarge } from './large.ts';
import { measure, perform } from './measure.ts';
import { parseOptions, usage } from './options.ts';
import { renderPage, renderProfile, renderScenario } from './report.ts';
import type { Results, ScenarioResult } from './result.ts';
import { measureS3 } from './servers.ts';
import { smallFiles } from './small-files.ts';
import { measureTree, type TreeWork } from './trees.ts';

const root = join(import.meta.dirname, '..');

if (process.argv.includes('--help')) {
  console.log(usage);
} else {
  const options = parseOptions(process.argv.slice(2));
  if (options.build) build();
  const bench = createBench(options);
  try {
    await (options.profile ? profile(bench) : compare(bench));
  } finally {
    closeBench(bench);
  }
}

function build(): void {
  const { status } = spawnSync(process.execPath, [join(root, 'tools', 'build.ts')], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed');
}

/** Runs the wanted scenarios; each is shown, and kept, as soon as it is done. */
async function compare(bench: Bench): Promise<void> {
  const { only, tree } = bench.options;
  const keep = (name: string, result: ScenarioResult): void => {
    console.log(renderScenario(result));
    record(bench, name, result);
  };
  const works = (['first', 'again', 'check', 'restore'] as const).filter((work) => only.has(work));
  if (works.length > 0) {
    for (const [work, result] of await measureTree(bench, tree, new Set(works))) keep(work, result);
  }
  if (only.has('small')) {
    bench.say('making small files');
    const small = smallFiles(bench.options.smallFiles);
    const wanted = new Set<TreeWork>(['first', 'again', 'restore']);
    for (const [work, result] of await measureTree(bench, small, wanted, 'Small files: '))
      keep(`small ${work}`, result);
  }
  if (only.has('s3')) keep('s3', await measureS3(bench));
  if (only.has('snapshots')) keep('snapshots', await measureSnapshots(bench));
  if (only.has('large')) {
    for (const [name, result] of await measureLarge(bench)) keep(name, result);
  }
  if (only.has('version')) keep('version', await measureVersion(bench));
}

/** One first backup by Holdfast that tells where its time went. */
async function profile(bench: Bench): Promise<void> {
  const holdfast = bench.programs.find((program) => program.name === 'holdfast');
  if (holdfast === undefined) throw new Error('--profile needs holdfast among the programs');
  const { only, smallFiles: count } = bench.options;
  const tree = only.size === 1 && only.has('small') ? smallFiles(count) : bench.options.tree;
  await warm(tree);
  for (let run = 0; run < bench.options.runs; run++) {
    const place = bench.freshPlace(holdfast);
    for (const command of holdfast.init(place)) await perform(command);
    await settle();
    const backup = holdfast.backup(place, tree, run);
    const { seconds, cpuSeconds, peakMiB, stderr } = await measure({
      ...backup,
      env: { ...backup.env, HOLDFAST_PROFILE: '1' },
    });
    console.log(`${seconds.toFixed(2)} s, cpu ${cpuSeconds.toFixed(2)} s, peak ${peakMiB.toFixed(0)} MiB`);
    console.log(renderProfile(stderr));
  }
}

/** Puts one result beside those of earlier runs, and writes the page anew. */
function record(bench: Bench, name: string, result: ScenarioResult): void {
  if (!bench.options.record) return;
  const docs = join(root, 'docs');
  mkdirSync(docs, { recursive: true });
  const file = join(docs, 'benchmarks.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : {};
  const results: Results = { ...known, [name]: result };
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(join(docs, 'benchmarks.md'), renderPage(results));
}
