/** How long a night takes beside the stock dump program alone, in turns on the same database. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { removeTree } from '../../test/support/temp.ts';
import { alternating, settle } from '../bench.ts';
import { type Command, measure, type Measurement, perform } from '../measure.ts';
import { renderProfile } from '../report.ts';
import { createCollector } from '../result.ts';
import type { DumpDatabase } from './database.ts';
import { ordinaryDay } from './day.ts';
import { sizeOf } from './deduplication.ts';
import type { DumpOptions } from './options.ts';
import { holdfastProgram } from './programs.ts';
import type { PaceResult } from './result.ts';

/** The names of what is measured; the first of a pair is the dump alone, before the night that it is compared with. */
export const firstNight = ['dump alone', 'first night'] as const;
export const laterNight = ['dump alone, later', 'later night'] as const;

export async function measurePace(
  options: DumpOptions,
  database: DumpDatabase,
  passwordFile: string,
  say: (text: string) => void,
): Promise<PaceResult> {
  const collector = createCollector();
  const place = {
    repository: join(options.work, 'pace'),
    passwordFile,
    home: join(options.work, 'pace-home'),
  };
  mkdirSync(join(place.home, 'cache'), { recursive: true });
  const holdfast = holdfastProgram(place);
  const backup = (): Command => {
    const { argv, env } = holdfast.backup(database, '', 0);
    return { argv, env: { ...env, ...(options.profile ? { HOLDFAST_PROFILE: '1' } : {}) } };
  };

  async function run(name: string, command: Command): Promise<void> {
    await settle();
    const measurement = await measure(command);
    const isBackup = name.includes('night');
    collector.add(name, measurement, isBackup ? sizeOf(place.repository) : undefined);
    say(`${name.padEnd(20)} ${shown(measurement)}`);
    if (isBackup && options.profile) say(renderProfile(measurement.stderr));
  }

  for (let round = 0; round < options.runs; round++) {
    removeTree(place.repository);
    await perform(holdfast.init);
    for (const pair of [firstNight, laterNight]) {
      const commands: [string, Command][] = [
        [pair[0], database.dump],
        [pair[1], backup()],
      ];
      if (pair === laterNight) await ordinaryDay.change(database);
      // what the day left undone, and what the kernel let go of since, must not be paid by the first of a pair
      await perform(database.dump);
      const order = round % 2 === 0 ? commands : commands.toReversed();
      for (const { item } of alternating(order, 1)) await run(...item);
    }
  }
  removeTree(place.repository);
  const program = basename(database.dump.argv[0]!);
  const subject = `\`${program}\` into nothing beside nights of the same database, a dump of about ${options.paceMegabytes} MB.`;
  const result = collector.result(database.server, subject, {});
  return { ...result, versions: { holdfast: holdfast.version } };
}

function shown({ seconds, cpuSeconds, peakMiB }: Measurement): string {
  return `${seconds.toFixed(2)} s  cpu ${cpuSeconds.toFixed(2)} s  peak ${peakMiB.toFixed(0)} MiB`;
}
