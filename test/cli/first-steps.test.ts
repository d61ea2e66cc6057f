import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jsonLines, runProgram } from '../support/program.ts';
import { skipWithout, toolPath } from '../support/tools.ts';
import { newUser } from './run.ts';

test('with nothing configured, backup makes a repository and says how to go on', async (t) => {
  const user = newUser(t);
  writeFileSync(join(user.home, 'note'), 'hello');
  const before = await user.run(['snapshots'], { expect: 10 });
  assert.match(before.stderr, /^holdfast: no repository is named/);
  assert.match(before.stderr, /\nhint: `holdfast backup PATH` makes it/);

  const { stdout, stderr } = await user.run(['backup', 'note'], { env: { npm_command: 'exec' } });
  const keyFile = join(user.home, '.config/holdfast/repository.key');
  const repository = join(user.home, '.local/share/holdfast/repository');
  assert.equal(stderr, '');
  assert.ok(stdout.includes(repository) && stdout.includes(keyFile));
  assert.match(stdout, /whoever loses it loses the backups/);
  assert.match(stdout, /npx holdfast snapshots[^]*npx holdfast restore [0-9a-f]{8} --target/);
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  assert.match(readFileSync(keyFile, 'utf8'), /^[0-9a-f]{64}\n$/);

  const again = await user.run(['backup', 'note']);
  assert.ok(!again.stdout.includes('created') && !again.stdout.includes('npx'));
  const listed = await user.run(['snapshots', '--json']);
  assert.equal((JSON.parse(listed.stdout) as unknown[]).length, 2);
  const dumped = await user.run(['dump', 'latest', 'note']);
  assert.equal(dumped.stdout, 'hello');

  writeFileSync(keyFile, '');
  const empty = await user.run(['snapshots'], { expect: 1 });
  assert.ok(empty.stderr.includes(`the key file ${keyFile} is empty`));
  rmSync(keyFile);
  const lost = await user.run(['snapshots'], { expect: 1 });
  assert.ok(lost.stderr.includes(`the key file ${keyFile} of the default repository is missing`));
});

test('restic opens the default repository with the key file', { skip: skipWithout('restic') }, async (t) => {
  const user = newUser(t);
  writeFileSync(join(user.home, 'note'), 'hello');
  await user.run(['backup', '-q', 'note']);
  const { stdout } = await runProgram(
    toolPath('restic'),
    [
      '-r',
      '.local/share/holdfast/repository',
      '-p',
      '.config/holdfast/repository.key',
      '--no-cache',
      'snapshots',
    ],
    { cwd: user.home },
  );
  assert.match(stdout, /\n1 snapshots\n/);
});

test('the repository of a home is not backed up into itself', async (t) => {
  const user = newUser(t);
  writeFileSync(join(user.home, 'note'), 'hello');
  await user.run(['backup', '-q', 'note']);
  await user.run(['backup', '-q', '.']);
  const { stdout } = await user.run(['ls', '-q', 'latest']);
  assert.ok(stdout.includes('/.local/share/holdfast') && stdout.includes('/.config/holdfast/repository.key'));
  assert.ok(!stdout.includes('holdfast/repository/'));
});

test('a password without a repository is not taken for the default one', async (t) => {
  const user = newUser(t);
  const { stderr } = await user.run(['backup', '.'], { env: { RESTIC_PASSWORD: 'secret' }, expect: 1 });
  assert.match(stderr, /a password is configured, but no repository/);
});

test('a user without a home is told what to set', async (t) => {
  const user = newUser(t);
  writeFileSync(join(user.home, 'note'), 'hello');
  // Below a file nobody can make a folder, whoever runs the test.
  const env = { HOME: join(user.home, 'note', 'home') };
  const { stderr } = await user.run(['backup', 'note'], { env, expect: 1 });
  assert.match(stderr, /^holdfast: .*note\/home.*\nhint: /);
});

test('init, backup and JSON lines as a script sees them', async (t) => {
  const user = newUser(t);
  const env = { RESTIC_REPOSITORY: join(user.home, 'repo'), RESTIC_PASSWORD: 'secret' };
  writeFileSync(join(user.home, 'a'), 'a'.repeat(1000));
  const made = await user.run(['init', '--json'], { env });
  const [initialized] = jsonLines(made.stdout);
  assert.equal(initialized?.['message_type'], 'initialized');
  assert.equal(initialized?.['repository'], env.RESTIC_REPOSITORY);

  const run = await user.run(['backup', '--json', '-v', 'a', 'b'], { env, expect: 3 });
  const lines = jsonLines(run.stdout);
  const summary = lines.at(-1)!;
  assert.equal(summary['message_type'], 'summary');
  assert.equal(summary['files_new'], 1);
  assert.equal(summary['total_bytes_processed'], 1000);
  assert.match(String(summary['snapshot_id']), /^[0-9a-f]{64}$/);
  const stored = lines.find((line) => line['item'] === '/a' || String(line['item']).endsWith('/a'));
  assert.equal(stored?.['message_type'], 'verbose_status');
  assert.equal(stored?.['action'], 'new');
  const errors = jsonLines(run.stderr);
  assert.equal(errors[0]?.['message_type'], 'error');
  assert.equal(errors.at(-1)?.['message_type'], 'exit_error');
  assert.equal(errors.at(-1)?.['code'], 3);

  const wrong = await user.run(['snapshots', '--json'], {
    env: { ...env, HOLDFAST_PASSWORD: 'no' },
    expect: 12,
  });
  const exit = jsonLines(wrong.stderr)[0]!;
  assert.deepEqual([exit['message_type'], exit['code']], ['exit_error', 12]);
  assert.equal(wrong.stdout, '');
});

test('passwords come through a pipe, a file or a command, and HOLDFAST_ wins', async (t) => {
  const user = newUser(t);
  writeFileSync(join(user.home, 'password'), 'secret\n');
  const repo = ['-r', 'repo'];
  await user.run([...repo, 'init'], { input: 'secret\n' });
  await user.run([...repo, 'snapshots'], { input: 'secret\n' });
  await user.run(['snapshots', ...repo, '-p', 'password']);
  await user.run([...repo, '--password-command', 'cat password', 'snapshots']);
  const env = { RESTIC_PASSWORD: 'wrong', HOLDFAST_PASSWORD_FILE: 'password', HOLDFAST_REPOSITORY: 'repo' };
  await user.run(['snapshots'], { env: { ...env, RESTIC_REPOSITORY: 'elsewhere' } });
  const none = await user.run([...repo, 'snapshots'], { input: '', expect: 1 });
  assert.match(none.stderr, /the password is empty\nhint: .*--password-file/);
});
