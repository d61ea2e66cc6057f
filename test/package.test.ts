/** Packs the npm package, installs it into an empty folder as a user would, and runs it there. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProgram } from './support/program.ts';
import { tempFolder } from './support/temp.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

test('the package installs into an empty folder and works there', { timeout: 300_000 }, async (t) => {
  const folder = tempFolder(t, 'holdfast-package');
  const npm = (args: readonly string[], cwd: string): ReturnType<typeof runProgram> =>
    runProgram('npm', [...args, '--no-audit', '--no-fund', '--no-update-notifier'], {
      cwd,
      timeout: 240_000,
    });

  // dist is there and fresh: tools/test.ts has built it
  const packing = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root);
  const [packed] = JSON.parse(packing.stdout) as Packed[];
  assert.ok(packed);
  const paths = packed.files.map((file) => file.path);
  for (const needed of [
    'LICENSE',
    'README.md',
    'bin/holdfast.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli/main.js',
  ]) {
    assert.ok(paths.includes(needed), `${needed} is in the package`);
  }
  assert.ok(
    paths.some((path) => path.endsWith('.wasm')),
    'the chunkers are in the package',
  );
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const links = [...readme.matchAll(/\]\(([^):#]+)[^):]*\)/g)].map(([, path]) => path!);
  assert.ok(links.length > 10, 'the README leads to the other documents');
  assert.deepEqual(
    links.filter((path) => !paths.includes(path)),
    [],
    'what the README leads to is in the package',
  );
  const strays = paths.filter((path) => /\.test\.|^(src|test|tools|bench)\/|(?<!\.d)\.ts$/.test(path));
  assert.deepEqual(strays, []);

  writeFileSync(join(folder, 'package.json'), '{"name":"user","private":true,"type":"module"}');
  await npm(['install', '--prefer-offline', '--omit=dev', join(folder, packed.filename)], folder);

  const bin = join(folder, 'node_modules', '.bin', 'holdfast');
  // the Node that runs the tests, also where the system's is too old
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
  const own = { XDG_DATA_HOME: undefined, XDG_CONFIG_HOME: undefined, XDG_CACHE_HOME: undefined };
  const others = { HOLDFAST_REPOSITORY: undefined, RESTIC_REPOSITORY: undefined, RESTIC_PASSWORD: undefined };
  // compiled modules go where they go for users
  const alone = { NODE_COMPILE_CACHE: undefined };
  const env = { ...own, ...others, ...alone, HOME: folder, PATH: path };
  const holdfast = (...args: string[]): ReturnType<typeof runProgram> =>
    runProgram(bin, args, { cwd: folder, env });
  assert.match(
    (await holdfast('--version')).stdout,
    new RegExp(`^holdfast ${manifest.version.replaceAll('.', '\\.')}`),
  );

  mkdirSync(join(folder, 'precious'));
  writeFileSync(join(folder, 'precious', 'letter.txt'), 'dear reader\n');
  await holdfast('backup', 'precious');
  await holdfast('restore', 'latest', '--target', join(folder, 'back'), '--include', '*.txt');
  const restored = join(folder, 'back', 'precious', 'letter.txt');
  assert.equal(readFileSync(restored, 'utf8'), 'dear reader\n');

  const caches = readdirSync(join(folder, '.cache', 'holdfast', 'compiled'));
  assert.equal(caches.length, 1, 'the next start finds compiled modules');

  const use = "import * as api from 'holdfast'; console.log(Object.keys(api).sort().join(' '));";
  const result = await runProgram(process.execPath, ['--input-type=module', '-e', use], { cwd: folder });
  assert.match(result.stdout, /HoldfastError/);
});
