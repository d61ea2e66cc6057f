import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../kernel/errors.ts';
import { isRunning } from '../kernel/process-mark.ts';
import { type Hook, hookEnvironment, hookName, runHook } from './hooks.ts';

const environment = { PATH: process.env['PATH'] };
const hook = (command: Hook['command'], timeout = 20_000): Hook => ({ command, timeout, onError: 'stop' });
const never = new AbortController().signal;

/** Waits for what is ended by force a moment later. */
async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    if (!isRunning(pid)) return true;
    await delay(100);
  }
  return false;
}

suite('a hook', () => {
  test('is a line for the shell, or words that nobody expands', async () => {
    assert.equal(await runHook(hook('A=1; echo $A $(echo 2)'), environment, never), '1 2');
    assert.equal(await runHook(hook(['echo', '$A', '; exit 3']), environment, never), '$A ; exit 3');
  });

  test('that fails tells how, and its last words', async () => {
    const failures: [Hook, RegExp][] = [
      [hook('echo one >&2; echo two >&2; exit 3'), /^failed with status 3: two$/],
      [hook('kill -9 $$'), /^was ended by SIGKILL$/],
      [hook(['/nonexistent/program']), /^cannot be started: .*ENOENT/],
    ];
    for (const [failing, message] of failures) {
      await assert.rejects(
        runHook(failing, environment, never),
        (error) => hasCode(error, 'failed') && message.test(error.message),
      );
    }
  });

  test('is ended after its time with all that it started, whatever it makes of that', async () => {
    const started = performance.now();
    const stubborn = hook(
      "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; sleep 60 & wait; sleep 60' & wait",
      300,
    );
    let pid = 0;
    await assert.rejects(runHook(stubborn, environment, never), (error) => {
      assert.ok(hasCode(error, 'failed'));
      pid = Number(/^was ended after 0\.3 seconds: (\d+)$/.exec(error.message)?.[1]);
      return pid > 0;
    });
    assert.ok(performance.now() - started < 20_000);
    assert.ok(await isGone(pid));
  });

  test('is ended after one second, in so many words', async () => {
    await assert.rejects(runHook(hook('sleep 60', 1000), environment, never), {
      message: 'was ended after 1 second',
    });
  });

  test('is ended when the run is interrupted', async () => {
    const abort = new AbortController();
    const running = runHook(hook('sleep 60'), environment, abort.signal);
    setTimeout(() => abort.abort(), 100);
    await assert.rejects(running, (error) => hasCode(error, 'interrupted'));
  });

  test('that leaves something running which holds its output is over when it is over', async () => {
    const started = performance.now();
    const said = await runHook(hook('sleep 20 & echo $!'), environment, never);
    assert.ok(performance.now() - started < 15_000);
    process.kill(Number(said), 'SIGKILL');
  });

  test('sees no secrets', () => {
    const seen = hookEnvironment(
      {
        ...{ PATH: '/bin', MAIN: 'geheim', RESTIC_PASSWORD: 'geheim', HOLDFAST_PASSWORD_COMMAND: 'geheim' },
        ...{ AWS_SECRET_ACCESS_KEY: 'geheim', AWS_REGION: 'eu', DB_PASSWORD: 'geheim', API_TOKEN: 'geheim' },
      },
      new Set(['MAIN']),
      { HOLDFAST_JOB: 'nightly' },
    );
    assert.deepEqual(seen, { PATH: '/bin', AWS_REGION: 'eu', HOLDFAST_JOB: 'nightly' });
  });

  test('has a short name', () => {
    assert.equal(hookName(hook('systemctl\n  stop   app')), 'systemctl stop app');
    assert.equal(hookName(hook('x'.repeat(100))).length, 60);
  });
});
