import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Command } from 'commander';
import { createContext } from '../kernel/context.ts';
import { hasCode } from '../kernel/errors.ts';
import { createLocalStorage } from '../storage/local.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { addSnapshot, idsOf, smallRepository } from '../testing/small-repository.ts';
import { globalOptions, globalSettings } from './global-options.ts';
import { Terminal } from './output/terminal.ts';
import { withRepository } from './session.ts';
import type { Invocation } from './verb.ts';

test('a verb that lost its lock while the machine slept removes nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-session-'));
  t.after(() => rm(folder, { recursive: true }));
  const made = await smallRepository(createLocalStorage(folder));
  const id = await addSnapshot(made, { a: 'a' });
  const clock = createFakeClock();
  const invocation = invocationOn(folder, { HOLDFAST_PASSWORD: 'test' }, clock);
  const work = withRepository(invocation, { lock: 'exclusive' }, async (repository) => {
    clock.advance(45 * 60_000);
    for (const lock of await idsOf(made, 'lock')) await made.removeFile('lock', lock);
    await repository.removeFile('snapshot', id);
  });
  await assert.rejects(work, { code: 'failed', message: /the lock could not be kept/ });
  assert.deepEqual(await idsOf(made, 'snapshot'), [id]);
});

test('who may not write a lock is told of --no-lock, where the verb only reads', async (t) => {
  if (process.platform !== 'linux') return t.skip('needs /sys');
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-session-'));
  t.after(() => rm(folder, { recursive: true }));
  await smallRepository(createLocalStorage(folder));
  // Not even root may make files there.
  await rm(join(folder, 'locks'), { recursive: true, force: true });
  await symlink('/sys/kernel', join(folder, 'locks'));
  const invocation = invocationOn(folder, { HOLDFAST_PASSWORD: 'test' }, createFakeClock());
  const nothing = async (): Promise<void> => {};
  await assert.rejects(withRepository(invocation, { lock: 'read' }, nothing), {
    code: 'forbidden',
    message: /cannot write locks\//,
    hint: /--no-lock/,
  });
  await assert.rejects(
    withRepository(invocation, { lock: 'append' }, nothing),
    (error) => hasCode(error, 'forbidden') && !error.hint?.includes('--no-lock'),
  );
  const settings = { ...invocation.settings, lock: false };
  await withRepository({ ...invocation, settings }, { lock: 'read' }, nothing);
});

test('without a password, the hint names the flags of the repository that it opens', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-session-'));
  t.after(() => rm(folder, { recursive: true }));
  await smallRepository(createLocalStorage(folder));
  const silent = (): PassThrough => new PassThrough().end();
  const invocation = { ...invocationOn(folder, {}, createFakeClock()), stdin: silent };
  const { settings } = invocation;
  const nothing = async (): Promise<void> => {};
  for (const [choice, hint] of [
    [settings, /with --password-file/],
    [{ ...settings }, /with --from-password-file/],
  ] as const) {
    await assert.rejects(withRepository(invocation, { lock: 'none', choice }, nothing), {
      message: 'the password is empty',
      hint,
    });
  }
});

function invocationOn(
  repository: string,
  environment: Record<string, string>,
  clock: ReturnType<typeof createFakeClock>,
): Invocation {
  const program = new Command();
  for (const option of globalOptions()) program.addOption(option);
  program.parse(['--quiet', '--no-cache', '-r', repository], { from: 'user' });
  const silent = { write: () => true };
  return {
    environment,
    settings: globalSettings(program, environment),
    terminal: new Terminal({ stdout: silent, stderr: silent }),
    context: createContext({ clock }),
    stdin: () => assert.fail('nothing is asked'),
  };
}
