/** Proves that the floor rule sees every file of src in the real configuration, and catches what it must catch. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, globSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test, { suite } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Cleanup, tempFolder } from '../support/temp.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Finding {
  readonly filename: string;
  readonly message: string;
}

/** The project as oxlint sees it, in a place where a test may break rules. */
function copyProject(t: Cleanup): string {
  const copy = tempFolder(t, 'holdfast-lint');
  for (const name of ['.oxlintrc.json', 'tools', 'src', 'tsconfig.json', 'package.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Runs the linter as `npm run lint` does and answers what our rule said. */
function floorFindings(folder: string): Finding[] {
  const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const result = spawnSync(process.execPath, [oxlint, '--format', 'json'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const output = JSON.parse(result.stdout) as { diagnostics: (Finding & { code?: string })[] };
  return output.diagnostics.filter((finding) => finding.code === 'holdfast(floors)');
}

suite('the floor rule', () => {
  test('sees every production file of src, and finds no violation there', (t) => {
    const copy = copyProject(t);
    assert.deepEqual(floorFindings(copy), []);

    const files = globSync('src/**/*.ts', { cwd: copy }).filter(
      (file) => !file.endsWith('.test.ts') && !/^src\/(testing\/|.*\/assembly\/)/.test(file),
    );
    assert.ok(files.length > 20, 'the project has files');
    for (const file of files) {
      const testing = relative(dirname(file), 'src/testing/planted.ts');
      const specifier = testing.startsWith('.') ? testing : `./${testing}`;
      appendFileSync(join(copy, file), `\nimport '${specifier}';\n`);
    }
    const caught = new Set(floorFindings(copy).map((finding) => finding.filename));
    assert.deepEqual(
      files.filter((file) => !caught.has(file)),
      [],
    );
  });

  const violations: [file: string, code: string, why: RegExp][] = [
    ['src/kernel/planted.ts', "import '../storage/storage.ts';", /kernel imports nothing of ours/],
    ['src/storage/planted.ts', "import '../vaults/vault.ts';", /imports go down only/],
    ['src/storage/s3/planted.ts', "export * from '../../operations/check.ts';", /imports go down only/],
    ['src/sources/planted.ts', "export { x } from '../vaults/vault.ts';", /meet only in operations/],
    ['src/vaults/planted.ts', "import type { Entry } from '../sources/entry.ts';", /meet only in operations/],
    ['src/vaults/repository/planted.ts', "await import('../../cli/main.ts');", /imports go down only/],
    ['src/operations/planted.ts', "new URL('../cli/main.ts', import.meta.url);", /imports go down only/],
    ['src/operations/planted.ts', "import '../jobs/run-job.ts';", /imports go down only/],
    ['src/jobs/planted.ts', "import '../config/load.ts';", /hands jobs plain options/],
    ['src/config/planted.ts', "import '../jobs/job.ts';", /hands jobs plain options/],
    ['src/jobs/planted.ts', "import '../cli/main.ts';", /imports go down only/],
    ['src/cli/planted.ts', "import '../testing/x.ts';", /must not import src\/testing/],
    ['src/cli/planted.ts', "import '../../test/support/temp.ts';", /not in the package/],
    ['src/index.ts', "import './cli/main.ts';", /must not import src\/cli/],
    ['src/newroom/planted.ts', "import '../kernel/clock.ts';", /stands on no floor/],
  ];
  for (const [file, code, why] of violations) {
    test(`${file} must not say ${code}`, (t) => {
      const folder = tempFolder(t, 'holdfast-lint');
      cpSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
      cpSync(join(root, 'tools', 'lint'), join(folder, 'tools', 'lint'), { recursive: true });
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), `${code}\n`);
      const findings = floorFindings(folder);
      assert.equal(findings.length, 1);
      assert.match(findings[0]?.message ?? '', why);
    });
  }

  const allowed: [file: string, code: string][] = [
    ['src/cli/main.ts', "import '../kernel/errors.ts';"],
    ['src/cli/planted.ts', "import '../config/load.ts'; import '../jobs/run-job.ts';"],
    ['src/jobs/planted.ts', "import '../operations/backup.ts'; import '../kernel/errors.ts';"],
    ['src/operations/check.ts', "import '../vaults/vault.ts'; import '../sources/entry.ts';"],
    [
      'src/storage/local.test.ts',
      "import '../testing/storage-contract.ts'; import '../../test/support/temp.ts';",
    ],
    ['src/testing/faults.ts', "import '../storage/storage.ts'; import '../cli/main.ts';"],
    ['src/cli/version.ts', "new URL('../../package.json', import.meta.url);"],
  ];
  for (const [file, code] of allowed) {
    test(`${file} may say ${code}`, (t) => {
      const folder = tempFolder(t, 'holdfast-lint');
      cpSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
      cpSync(join(root, 'tools', 'lint'), join(folder, 'tools', 'lint'), { recursive: true });
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), `${code}\n`);
      assert.deepEqual(floorFindings(folder), []);
    });
  }
});
