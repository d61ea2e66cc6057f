/** Measures backups of databases, growth and pace, beside the stock programs: `npm run bench:dumps -- --help`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../../test/support/temp.ts';
import type { DumpDatabase } from './database.ts';
import { measureGrowth } from './deduplication.ts';
import { startMariadbDatabase, startMariadbDatabaseInLetters } from './mariadb-database.ts';
import { type DumpOptions, parseOptions, usage } from './options.ts';
import { measurePace } from './pace.ts';
import { startPostgresDatabase } from './postgres-database.ts';
import { renderGrowth, renderPace, renderPage } from './report.ts';
import type { DumpResults } from './result.ts';

type Start = (bytes: number) => Promise<DumpDatabase>;

/** Databases whose pace is measured. */
const starts = {
  postgres: startPostgresDatabase,
  mariadb: startMariadbDatabase,
  'mariadb-letters': startMariadbDatabaseInLetters,
} as const;

const root = join(import.meta.dirname, '..', '..');
const say = (text: string): void => console.error(text);

if (process.argv.includes('--help')) {
  console.log(usage);
} else {
  const options = parseOptions(process.argv.slice(2));
  if (options.build) build();
  removeTree(options.work);
  mkdirSync(options.work, { recursive: true, mode: 0o700 });
  try {
    await compare(options);
  } finally {
    removeTree(options.work);
  }
}

function build(): void {
  const { status } = spawnSync(process.execPath, [join(root, 'tools', 'build.ts')], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed');
}

/** Runs the wanted scenarios; each is shown, and kept, as soon as it is done. */
async function compare(options: DumpOptions): Promise<void> {
  const { only, megabytes, paceMegabytes } = options;
  const passwordFile = join(options.work, 'password');
  writeFileSync(passwordFile, 'the same for all\n', { mode: 0o600 });
  if (only.has('deduplication')) {
    const growth = await withDatabase(startPostgresDatabase, megabytes, (database) =>
      measureGrowth(options, database, passwordFile, say),
    );
    console.log(renderGrowth(growth));
    keep(options, { growth });
  }
  for (const [kind, start] of Object.entries(starts) as [keyof typeof starts, Start][]) {
    if (!only.has(kind)) continue;
    const pace = await withDatabase(start, paceMegabytes, (database) =>
      measurePace(options, database, passwordFile, say),
    );
    console.log(renderPace(pace));
    keep(options, { [kind]: pace });
  }
}

async function withDatabase<T>(
  start: Start,
  megabytes: number,
  work: (database: DumpDatabase) => Promise<T>,
): Promise<T> {
  say(`making ${megabytes} MB of rows`);
  const database = await start(megabytes * 1e6);
  try {
    return await work(database);
  } finally {
    await database.stop();
  }
}

/** Puts a result beside those of earlier runs, and writes the page anew. */
function keep(options: DumpOptions, result: DumpResults): void {
  if (!options.record) return;
  const file = join(root, 'docs', 'benchmarks-dumps.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as DumpResults) : {};
  const results: DumpResults = { ...known, ...result };
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(join(root, 'docs', 'benchmarks-dumps.md'), renderPage(results));
}
