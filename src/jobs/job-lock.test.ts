import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { hasCode } from '../kernel/errors.ts';
import { processMark } from '../kernel/process-mark.ts';
import { type JobLockOptions, lockJob } from './job-lock.ts';

const since = '2026-11-21T01:00:00.000Z';

function options(t: TestContext): JobLockOptions {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-lock-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, job: 'nightly', origin: '/etc/holdfast/a.yaml', now: Date.parse(since) };
}

/** Where the one lock lies. */
function lockFile({ folder }: JobLockOptions): string {
  return join(folder, readdirSync(folder)[0]!);
}

/** The number and mark of a process that is no more. */
async function endedProcess(): Promise<{ readonly pid: number; readonly mark: string | undefined }> {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pid = child.pid!;
  const mark = processMark(pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return { pid, mark };
}

suite('the lock of a job', () => {
  test('is held by one, who is named, and given back', async (t) => {
    const job = options(t);
    {
      await using _ = await lockJob(job);
      await assert.rejects(lockJob(job), (error) => {
        assert.ok(hasCode(error, 'locked'));
        assert.equal(error.message, `the job nightly is being run by process ${process.pid} since ${since}`);
        return true;
      });
      for (const other of [{ job: 'weekly' }, { origin: '/home/me/a.yaml' }]) {
        await using _ = await lockJob({ ...job, ...other });
      }
    }
    assert.deepEqual(readdirSync(job.folder), []);
    await using _ = await lockJob(job);
  });

  test('of a process that has ended is taken over by exactly one', async (t) => {
    const job = options(t);
    await lockJob(job);
    const path = lockFile(job);
    const { pid, mark } = await endedProcess();
    for (let round = 0; round < 20; round++) {
      writeFileSync(path, JSON.stringify({ pid, ...(mark && { mark }), hostname: hostname(), since }));
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockJob(job)));
      const won = results.filter((result) => result.status === 'fulfilled');
      assert.equal(won.length, 1);
      for (const result of results) {
        if (result.status === 'rejected') assert.ok(hasCode(result.reason, 'locked'), String(result.reason));
      }
      assert.deepEqual(readdirSync(job.folder).length, 1);
      await won[0]!.value[Symbol.asyncDispose]();
    }
  });

  test('that says nothing is nobody’s', async (t) => {
    const job = options(t);
    await lockJob(job);
    for (const text of ['', '{', '{"pid":"x"}', 'null']) {
      writeFileSync(lockFile(job), text);
      await lockJob(job);
    }
  });

  test('of another machine is respected, and not given back by others', async (t) => {
    const job = options(t);
    const mine = await lockJob(job);
    const theirs = JSON.stringify({ pid: 1, hostname: 'elsewhere', since });
    writeFileSync(lockFile(job), theirs);
    await assert.rejects(lockJob(job), /is being run by process 1 on elsewhere since/);
    await mine[Symbol.asyncDispose]();
    assert.equal(readFileSync(lockFile(job), 'utf8'), theirs);
  });
});
