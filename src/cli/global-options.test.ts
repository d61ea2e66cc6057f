import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import type { GlobalSettings } from './global-options.ts';
import { globalOptions, globalSettings } from './global-options.ts';

/** Settings as they reach the verb `check` of `holdfast ARGS`. */
function settle(line: string, environment: Record<string, string> = {}): GlobalSettings {
  const program = new Command().exitOverride().enablePositionalOptions();
  const check = new Command('check').exitOverride();
  for (const option of globalOptions()) program.addOption(option);
  for (const option of globalOptions()) check.addOption(option);
  let settled: GlobalSettings | undefined;
  check.action(function (this: Command) {
    settled = globalSettings(this, environment);
  });
  program.addCommand(check);
  program.parse(line.split(' '), { from: 'user' });
  return settled!;
}

const isUsage = { name: 'HoldfastError', code: 'usage' };

test('flags count before and after the verb, and the later wins', () => {
  const settings = settle('-r one -v --no-lock check -v -r two --json');
  assert.equal(settings.repository, 'two');
  assert.equal(settings.verbosity, 3);
  assert.equal(settings.lock, false);
  assert.equal(settings.json, true);
});

test('flags win over HOLDFAST_ variables, which win over RESTIC_ variables', () => {
  const environment = { RESTIC_REPOSITORY: 'theirs', HOLDFAST_REPOSITORY: 'ours', RESTIC_COMPRESSION: 'max' };
  assert.equal(settle('check', environment).repository, 'ours');
  assert.equal(settle('check -r flag', environment).repository, 'flag');
  assert.equal(settle('check', environment).compression, 'max');
  assert.equal(settle('check', { ...environment, HOLDFAST_REPOSITORY: '' }).repository, 'theirs');
});

test("one of our password variables hides all of restic's", () => {
  const settings = settle('check', { RESTIC_PASSWORD_COMMAND: 'cat x', HOLDFAST_PASSWORD: 'secret' });
  assert.equal(settings.passwordCommand, undefined);
  assert.equal(settings.password, 'secret');
  assert.equal(settle('check -p file', { RESTIC_PASSWORD: 'secret' }).password, undefined);
});

test('contradictions and nonsense are refused', () => {
  for (const line of [
    'check -r a --repository-file b',
    'check -p a --password-command b',
    'check -q -v',
    'check --compression best',
    'check --pack-size 3',
    'check --pack-size 129',
    'check --retry-lock soon',
    'check --limit-upload -1',
    'check -o =x',
    'check -o a=1 -o a=2',
    'check -p file --insecure-no-password',
  ]) {
    assert.throws(() => settle(line), isUsage, line);
  }
  assert.throws(() => settle('check', { RESTIC_REPOSITORY: 'a', RESTIC_REPOSITORY_FILE: 'b' }), isUsage);
});

test('lists, sizes and rates', () => {
  const settings = settle(
    'check --cacert a,b --cacert c --limit-upload 2 --pack-size 32 -o S3.Region=x -o s3.y=1',
  );
  assert.deepEqual(settings.caFiles, ['a', 'b', 'c']);
  assert.equal(settings.limitUpload, 2048);
  assert.equal(settings.packSize, 32 * 2 ** 20);
  assert.deepEqual(
    [...settings.extended],
    [
      ['s3.region', 'x'],
      ['s3.y', '1'],
    ],
  );
  assert.deepEqual(settle('check', { RESTIC_CACERT: 'a,b' }).caFiles, ['a', 'b']);
});
