/**
 * Builds the package: AssemblyScript to WebAssembly (beside its sources, where a run from src finds it, and beside the
 * compiled JavaScript), and TypeScript to dist. What is up to date is not built again.
 *
 *   node tools/build.ts          everything
 *   node tools/build.ts --wasm   the WebAssembly beside the sources alone
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Touched after each complete build; outside dist, which is what gets published. */
const stamp = join(root, 'node_modules', '.cache', 'build-stamp');

const wasm = buildWasm();
if (!process.argv.includes('--wasm')) buildDist(wasm);

/**
 * Compiles every assembly/*.ts of any room that is newer than its .wasm, itself or what it imports; those that others
 * import are no modules of their own. Returns the paths of all .wasm files.
 */
function buildWasm(): string[] {
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.ts') && basename(entry.parentPath) === 'assembly')
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const imports = new Map(sources.map((source) => [source, assemblyImports(source)]));
  const imported = new Set([...imports.values()].flat());
  const newest = (source: string): number =>
    Math.max(modified(source), ...(imports.get(source) ?? []).map(newest));
  const modules = sources.filter((source) => !imported.has(source));
  return modules.map((source) => {
    const target = join(dirname(dirname(source)), `${basename(source, '.ts')}.wasm`);
    if (modified(target) <= Math.max(newest(source), modified('tools/build.ts'))) {
      // asc cannot write a file in one step: others may be loading the old one at this moment
      const fresh = `${target}.${process.pid}.wasm`;
      const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];
      const memory = [
        '--importMemory',
        '--noExportMemory',
        '--initialMemory',
        '2',
        '--maximumMemory',
        '65536',
      ];
      run('assemblyscript/bin/asc.js', [source, '-o', fresh, ...options, ...memory]);
      renameSync(join(root, fresh), join(root, target));
    }
    return target;
  });
}

/** The sources that a source of AssemblyScript imports, which names them without their ending. */
function assemblyImports(source: string): string[] {
  const text = readFileSync(join(root, source), 'utf8');
  return [...text.matchAll(/^import .* from '(\..*)';$/gm)].map(
    (found) => `${join(dirname(source), found[1]!)}.ts`,
  );
}

/** Compiles src to dist when any source is newer than the last build, and puts the .wasm files beside it. */
function buildDist(wasm: string[]): void {
  const newest = Math.max(newestBelow('src'), modified('tsconfig.json'), modified('tsconfig.build.json'));
  if (existsSync(join(root, 'dist')) && existsSync(stamp) && statSync(stamp).mtimeMs > newest) return;
  const started = new Date();
  // built aside and put in place when it is whole: programs may be running from the old one
  const fresh = join(root, 'node_modules', '.cache', `dist-${process.pid}`);
  process.on('exit', () => rmSync(fresh, { recursive: true, force: true }));
  for (const path of wasm) {
    const target = join(fresh, path.slice('src'.length));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(root, path), target);
  }
  run('typescript/bin/tsc', ['-p', 'tsconfig.build.json', '--outDir', fresh]);
  const old = `${fresh}-old`;
  if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
  renameSync(fresh, join(root, 'dist'));
  rmSync(old, { recursive: true, force: true });
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  // what is edited while tsc runs counts as newer
  utimesSync(stamp, started, started);
}

/** Runs a program of a development dependency; ends the build with its status when it fails. */
function run(program: string, args: string[]): void {
  const result = spawnSync(process.execPath, [join('node_modules', program), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Time of the last change in milliseconds, -1 when there is no such file. */
function modified(path: string): number {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? -1;
}

function newestBelow(directory: string): number {
  const paths = readdirSync(join(root, directory), { recursive: true, withFileTypes: true });
  return Math.max(...paths.map((entry) => modified(join(entry.parentPath.slice(root.length), entry.name))));
}
