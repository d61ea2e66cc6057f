/** Several processes that write the same name into one archive at once: none spoils another's work. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMinio } from '../support/minio.ts';
import { runProgram } from '../support/program.ts';
import { holdfastBin } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const stdin = ['backup', '--stdin', '--stdin-filename', 'shop.sql', '--host', 'db'];

function runner(repository: string, env: Readonly<Record<string, string>> = {}) {
  const full = { HOLDFAST_REPOSITORY: repository, RESTIC_REPOSITORY: undefined, TZ: 'UTC', ...env };
  return {
    run: (args: readonly string[], options: { input?: string; expect?: number } = {}) =>
      runProgram(process.execPath, [holdfastBin, ...args], { ...options, env: full }),
    /** A backup that waits for its standard input. */
    begin() {
      const child = spawn(process.execPath, [holdfastBin, ...stdin], {
        stdio: ['pipe', 'ignore', 'inherit'],
        env: { ...process.env, ...full },
      });
      return { pid: child.pid!, kill: () => child.kill('SIGKILL'), ended: once(child, 'close') };
    },
  };
}

type Runner = ReturnType<typeof runner>;

async function untilLocked(locks: string): Promise<void> {
  for (let left = 200; readdirSync(locks).length === 0; left--) {
    assert.ok(left > 0, 'the backup does not begin');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function allAtOnce(user: Runner, count: number, layout: string): Promise<void> {
  const texts = Array.from({ length: count }, (_, i) => `text ${i} `.repeat(1000));
  const args = [...stdin, '--layout', layout, '--retry-lock', '1m'];
  await Promise.all(texts.map((input) => user.run(args, { input })));
  const { stdout } = await user.run(['snapshots', '--json']);
  const all = JSON.parse(stdout) as { name: string }[];
  // a bucket tells of what was replaced as well
  const found = all.filter(({ name }) => !name.includes('@'));
  const kept = layout === 'latest' ? 1 : count;
  assert.equal(new Set(found.map(({ name }) => name)).size, kept, layout);
  const got = await Promise.all(found.map(async ({ name }) => (await user.run(['dump', name])).stdout));
  if (layout !== 'latest') assert.deepEqual(got.toSorted(), texts);
  else assert.ok(texts.includes(got[0]!));
  await user.run(['check']);
}

test('runs that begin at once have a name each, and the stable name is whole', async (t) => {
  for (const layout of ['dated', 'daily', 'latest']) {
    await allAtOnce(runner(`archive:${join(tempFolder(t), layout)}`), 3, layout);
  }
});

test('the same in a bucket', { skip: skipWithout('minio') }, async (t) => {
  const server = await startMinio();
  t.after(() => server.stop());
  const { endpoint, accessKey, secretKey } = server;
  const env = { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey };
  for (const layout of ['dated', 'latest']) {
    await allAtOnce(runner(`archive:s3:${endpoint}/bucket/${layout}`, env), 3, layout);
  }
});

test('a second run and forget are told who is at work; a killed one binds nobody', async (t) => {
  const folder = join(tempFolder(t), 'archive');
  const user = runner(`archive:${folder}`);
  const locks = join(folder, '.holdfast', 'locks');
  await user.run(stdin, { input: 'first' });
  await user.run(stdin, { input: 'second' });
  const first = user.begin();
  t.after(first.kill);
  await untilLocked(locks);
  const second = await user.run(stdin, { input: 'third', expect: 11 });
  assert.match(second.stderr, new RegExp(`db-shop in .* is being worked on by process ${first.pid} since`));
  assert.match(second.stderr, /--retry-lock/);
  const { stderr } = await user.run(['forget', '--keep-last', '1'], { expect: 3 });
  assert.match(stderr, /could not be removed: db-shop in .* is being worked on/);
  await user.run(['check']);
  assert.equal((await user.run(['dump', 'latest'])).stdout, 'second');
  first.kill();
  await first.ended;
  assert.equal(readdirSync(locks).length, 1);
  await user.run(stdin, { input: 'fourth' });
  assert.deepEqual(readdirSync(locks), []);
  await user.run(['forget', '--keep-last', '1']);
  assert.equal((await user.run(['dump', 'latest'])).stdout, 'fourth');
});
