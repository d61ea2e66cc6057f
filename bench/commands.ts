/** What people wait for at a prompt: the list of snapshots, and the start of the program itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { holdfastBin } from '../test/support/restic.ts';
import { alternating, type Bench } from './bench.ts';
import { type Command, measure, perform } from './measure.ts';
import { createCollector, type ScenarioResult } from './result.ts';

const snapshotCount = 100;

/** Both programs list the same repository, each with a cache of its own. */
export async function measureSnapshots(bench: Bench): Promise<ScenarioResult> {
  const maker = bench.programs.find((program) => program.name === 'restic');
  if (maker === undefined) throw new Error('the scenario snapshots needs restic');
  const tree = bench.path('few files');
  mkdirSync(tree, { recursive: true });
  const place = bench.freshPlace(maker);
  for (const command of maker.init(place)) await perform(command);
  bench.say(`making ${snapshotCount} snapshots`);
  for (let run = 0; run < snapshotCount; run++) {
    writeFileSync(`${tree}/file`, `version ${run}`);
    await perform(maker.backup(place, tree, run));
  }
  const commands = bench.programs.flatMap((program): [string, Command][] => {
    const command = program.list?.({ ...place, home: bench.path(program.name, 'list-home') });
    return command === undefined ? [] : [[program.name, command]];
  });
  for (const [, command] of commands) await perform(command);
  const subject = `\`snapshots\` on one repository of ${snapshotCount} snapshots on the local disk, cache warm.`;
  return measureCommands(bench, commands, 10, 'Listing 100 snapshots', subject);
}

/** The start of our program against the start of Node itself. */
export async function measureVersion(bench: Bench): Promise<ScenarioResult> {
  const env = { XDG_CACHE_HOME: bench.path('version-cache') };
  const commands: [string, Command][] = [
    ['holdfast', { argv: [process.execPath, holdfastBin, '--version'], env }],
    ['node -e 0', { argv: [process.execPath, '-e', '0'], env }],
  ];
  await perform({ argv: [process.execPath, holdfastBin, '--version'], env });
  return measureCommands(bench, commands, 20, 'Start', '`holdfast --version` against `node -e 0`.');
}

async function measureCommands(
  bench: Bench,
  commands: readonly [string, Command][],
  runs: number,
  title: string,
  subject: string,
): Promise<ScenarioResult> {
  const collector = createCollector();
  for (const { item } of alternating(commands, runs)) collector.add(item[0], await measure(item[1]));
  return collector.result(title, subject, bench.versions);
}
