/** How much each night adds to the repository of each program, for the same database. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, perform } from '../measure.ts';
import { machine } from '../result.ts';
import type { DumpDatabase } from './database.ts';
import { days, ordinaryDay } from './day.ts';
import type { DumpOptions } from './options.ts';
import { findDumpPrograms } from './programs.ts';
import type { GrowthResult, Night } from './result.ts';

export async function measureGrowth(
  options: DumpOptions,
  database: DumpDatabase,
  passwordFile: string,
  say: (text: string) => void,
): Promise<GrowthResult> {
  const programs = findDumpPrograms(join(options.work, 'growth'), passwordFile);
  const dump = join(options.work, 'dump.sql');
  for (const { init } of programs) await perform(init);
  const sizes = new Map(programs.map(({ name }) => [name, 0]));
  const nights: Night[] = [];
  for (let night = 0; night < options.nights; night++) {
    const { what, change } = days[night] ?? ordinaryDay;
    await change(database);
    await perform(intoFile(database.dump, dump));
    const grown: Record<string, number> = {};
    for (const program of programs) {
      await perform(program.backup(database, dump, night));
      const size = sizeOf(program.repository);
      grown[program.name] = size - sizes.get(program.name)!;
      sizes.set(program.name, size);
    }
    nights.push({ what, dumpBytes: lstatSync(dump).size, grown });
    const shown = Object.values(grown).map((bytes) => (bytes / 1e6).toFixed(2).padStart(8));
    say(`${String(night + 1).padStart(2)} ${what.padEnd(38)}${shown.join(' ')} MB`);
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    server: database.server,
    versions: Object.fromEntries(programs.map(({ name, version }) => [name, version])),
    nights,
  };
}

function intoFile({ argv, env }: Command, file: string): Command {
  return { argv: ['bash', '-c', 'exec "$@" >"$0"', file, ...argv], ...(env && { env }) };
}

/** Bytes of all files below. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0);
}
