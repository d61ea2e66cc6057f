/**
 * Runs the tests: builds what they start, then every *.test.ts of src and test, or those below the given paths.
 *
 *   node tools/test.ts                everything
 *   node tools/test.ts src/storage    one room
 *
 * A test that lacks a program or a server is skipped and named at the end; in CI that is a failure.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import { join, normalize, resolve } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { nodeFlags } from '../test/support/node-flags.ts';
import { groupTests } from './test-groups.ts';

const root = join(import.meta.dirname, '..');
process.chdir(root);

const wanted = process.argv.slice(2).map((path) => normalize(path).replace(/\/$/, ''));
const isWanted = (file: string): boolean =>
  wanted.length === 0 || wanted.some((path) => file === path || file.startsWith(`${path}/`));
const largeTests = inOrder('test/**/*.test.ts').filter(isWanted);
const unitTests = inOrder('src/**/*.test.ts').filter(isWanted);
if (largeTests.length + unitTests.length === 0) stop(`no test files below ${wanted.join(', ')}`);

const build = spawnSync(process.execPath, ['tools/build.ts'], { stdio: 'inherit' });
if (build.status !== 0) stop('the build failed');

// all temporary files of this run lie here; a short name, because names of sockets have an end. Every user may enter:
// some servers refuse to run as root
const temporary = mkdtempSync(join(memoryFolder() ?? tmpdir(), 'hf-'));
chmodSync(temporary, 0o1777);
process.env['TMPDIR'] = temporary;
process.on('exit', () => rmSync(temporary, { recursive: true, force: true, maxRetries: 3 }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
// what the files of this run share: each has processes of its own, and hundreds of starts of the program
const shared = join(temporary, 'shared');
mkdirSync(shared);
process.env['HOLDFAST_TESTS_SHARED'] = shared;
// compiled modules; by itself the program keeps them in the home folder, and those of tests are new
process.env['NODE_COMPILE_CACHE'] = join(shared, 'compiled');

const skipped: string[] = [];
let failed = false;
let passed = 0;
const stream = run({
  files: [...largeTests.map((file) => resolve(file)), ...groupTests(unitTests, temporary)],
  execArgv: [...nodeFlags],
  // more than processors: tests wait for servers, disks and signals half of the time
  concurrency: availableParallelism() + 2,
  // a hanging test names itself instead of holding up the run
  timeout: 10 * 60_000,
});
stream.on('test:fail', () => {
  failed = true;
});
stream.on('test:pass', (test) => {
  passed += 1;
  const why = test.skip ?? test.todo;
  if (why !== undefined) skipped.push(`${test.name}${typeof why === 'string' ? `: ${why}` : ''}`);
});
stream.on('end', () => {
  for (const line of skipped) console.error(`skipped: ${line}`);
  if (passed === 0) failed = true;
  if (skipped.length > 0 && process.env['CI'] === 'true') {
    console.error('in CI nothing may be skipped');
    failed = true;
  }
  process.exitCode = failed ? 1 : 0;
});
stream.compose(spec).pipe(process.stdout);

/**
 * A folder in memory that has room for all temporary files of the tests, about one GiB at a time; undefined where
 * there is none, or TMPDIR says where they go. Servers of databases make and remove a thousand small files each, which
 * takes a disk's file system a third of a test's processor time.
 */
function memoryFolder(): string | undefined {
  const folder = '/dev/shm';
  const needed = 4 * 2 ** 30;
  if (process.env['TMPDIR'] !== undefined || freemem() < 2 * needed) return undefined;
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < needed ? undefined : folder;
  } catch {
    return undefined;
  }
}

/** Files by length, the longest first: they are most of the time, and none is to be begun when the others are done. */
function inOrder(pattern: string): string[] {
  const size = (file: string): number => statSync(file).size;
  return globSync(pattern).sort((a, b) => size(b) - size(a));
}

function stop(why: string): never {
  console.error(why);
  process.exit(1);
}
