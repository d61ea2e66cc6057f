/** Hooks of runs, and jobs that are started twice. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { suite } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { User } from '../cli/run.ts';
import { holdfastBin } from '../support/restic.ts';
import { configured, vault } from './configured.ts';

suite('hooks of a run', () => {
  const yaml = (hooks: string, more = ''): string => `sources: { docs: { paths: ~/docs } }
vaults:
${vault('main')}groups:
  app: { sources: [docs], hooks: { before: 'echo freeze >> $HOME/said', after: 'echo thaw $HOLDFAST_STATUS >> $HOME/said' } }
jobs:
  nightly: { group: app, vaults: main, hooks: ${hooks} }
${more}`;
  const said = (user: User): string[] => readFileSync(join(user.home, 'said'), 'utf8').trim().split('\n');

  test('of the job are around those of the group, and know of the job but of no secret', async (t) => {
    const hooks = `{ before: 'echo stop $HOLDFAST_JOB $HOLDFAST_GROUP $HOLDFAST_PHASE $MAIN_KEY$AWS_SECRET_ACCESS_KEY. >> $HOME/said', after: 'echo start >> $HOME/said', on-failure: 'echo alarm >> $HOME/said' }`;
    const user = configured(t, yaml(hooks).replace('file:key', 'env:MAIN_KEY'), {
      MAIN_KEY: 'x',
      AWS_SECRET_ACCESS_KEY: 'y',
    });
    const { status } = await user.jobs('nightly');
    assert.equal(status, 0);
    assert.deepEqual(said(user), ['stop nightly app before .', 'freeze', 'thaw success', 'start']);
    const [snapshot] = await user.snapshots('main');
    assert.deepEqual(snapshot?.tags, ['app']);
  });

  test('that fail before stop the run; what was begun is ended', async (t) => {
    const hooks = `{ before: ['echo stop >> $HOME/said', 'echo no more room >&2; exit 4'], after: 'echo start >> $HOME/said', on-failure: 'echo alarm $HOLDFAST_STATUS >> $HOME/said' }`;
    const user = configured(t, yaml(hooks));
    const { status, stderr } = await user.jobs('nightly');
    assert.equal(status, 1);
    assert.match(stderr, /hook before \(.*\): failed with status 4: no more room/);
    assert.deepEqual(said(user), ['stop', 'start', 'alarm failure']);
    assert.ok(!existsSync(join(user.home, 'main')), 'nothing was backed up');
  });

  test('may fail where that is allowed, and take no longer than they may', async (t) => {
    const hooks = `{ before: { run: 'exit 4', on-error: continue }, after: { run: 'sleep 60 & wait', timeout: 300ms } }`;
    const user = configured(t, yaml(hooks));
    const started = Date.now();
    const { status, stderr } = await user.jobs('nightly');
    assert.equal(status, 1);
    assert.match(stderr, /warning: hook before \(exit 4\): failed with status 4/);
    assert.match(stderr, /failed: hook after \(.*\): was ended after 0\.3 seconds/);
    assert.ok(Date.now() - started < 30_000);
    assert.equal((await user.snapshots('main')).length, 1);
  });

  test('that follow come after an interruption, too', async (t) => {
    const hooks = `{ before: 'echo stop >> $HOME/said; sleep 60', after: 'echo start >> $HOME/said', on-failure: 'echo $HOLDFAST_STATUS >> $HOME/said' }`;
    const user = configured(t, yaml(hooks));
    let output = '';
    const child = spawn(process.execPath, [holdfastBin, 'run', 'nightly'], {
      cwd: user.home,
      env: { ...process.env, ...user.env } as NodeJS.ProcessEnv,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    while (!existsSync(join(user.home, 'said'))) await delay(50);
    child.kill('SIGTERM');
    const [status] = (await once(child, 'close')) as [number];
    assert.equal(status, 130);
    assert.deepEqual(said(user), ['stop', 'start', 'failure']);
    assert.match(output, /failed: backup nightly: interrupted/);
    assert.match(output, /nightly: failed after/);
  });
});

suite('a job that is started twice', () => {
  test('runs once: the second says who has it', async (t) => {
    const user = configured(
      t,
      `sources: { docs: { paths: ~/docs } }
vaults:
${vault('main')}jobs:
  nightly: { sources: docs, vaults: main, hooks: { before: 'touch $HOME/began; while [ ! -e $HOME/go ]; do sleep 0.05; done' } }
  other: { sources: docs, vaults: main }
`,
    );
    const first = user.jobs('nightly');
    while (!existsSync(join(user.home, 'began'))) await delay(50);
    const second = await user.jobs('nightly');
    assert.equal(second.status, 11);
    assert.match(second.stderr, /the job nightly is being run by process \d+ since \d{4}-\d\d-\d\dT/);
    assert.equal((await user.jobs('other')).status, 0, 'other jobs are not held up');
    writeFileSync(join(user.home, 'go'), '');
    assert.equal((await first).status, 0);
    assert.equal((await user.jobs('nightly')).status, 0);
    assert.deepEqual(readdirSync(join(user.home, '.local', 'state', 'holdfast', 'jobs')), []);
  });

  test('is taken over from a process that was killed', async (t) => {
    const user = configured(
      t,
      `sources: { docs: { paths: ~/docs } }
vaults:
${vault('main')}jobs:
  nightly: { sources: docs, vaults: main, hooks: { before: 'if [ ! -e $HOME/began ]; then touch $HOME/began; sleep 60; fi' } }
`,
    );
    const child = spawn(process.execPath, [holdfastBin, 'run', 'nightly'], {
      cwd: user.home,
      env: { ...process.env, ...user.env } as NodeJS.ProcessEnv,
    });
    while (!existsSync(join(user.home, 'began'))) await delay(50);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { status, stderr } = await user.jobs('nightly');
    assert.equal(status, 0, stderr);
  });
});
