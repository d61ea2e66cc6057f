import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { holdfastBin } from '../support/restic.ts';
import { configured, vault } from '../jobs/configured.ts';
import { newUser } from './run.ts';

/** Starts a backup whose data comes for ever, until the program is told to stop. */
async function endlessBackup(user: ReturnType<typeof newUser>) {
  const child = spawn(process.execPath, [holdfastBin, 'backup', '--stdin'], {
    cwd: user.home,
    env: { ...process.env, ...user.env },
  });
  let said = '';
  child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  const piece = Buffer.alloc(1 << 20, 'holdfast');
  let written = 0;
  let enough = (): void => {};
  const running = new Promise<void>((resolve) => (enough = resolve));
  const feed = (): void => {
    piece.writeUInt32LE(written, 0);
    written += piece.length;
    if (written > 24 << 20) enough();
    child.stdin.write(piece, (error) => {
      if (!error) feed();
    });
  };
  child.stdin.on('error', () => {});
  feed();
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  await Promise.race([running, ended]);
  return { child, ended, said: () => said };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(
    `${signal} ends a backup cleanly: status 130, no lock, no snapshot`,
    { timeout: 60_000 },
    async (t) => {
      const user = newUser(t);
      const { child, ended, said } = await endlessBackup(user);
      child.kill(signal);
      assert.deepEqual(await ended, [130, null], said());
      assert.match(said(), new RegExp(`${signal} received, cleaning up`));
      assert.match(said(), /holdfast: interrupted\n$/);
      const repository = join(user.home, '.local/share/holdfast/repository');
      assert.deepEqual(readdirSync(join(repository, 'locks')), []);
      const { stdout } = await user.run(['snapshots', '--json']);
      assert.equal(stdout, '[]\n');
      await user.run(['check']);
    },
  );
}

test('a repository in use is locked for what removes: status 11', { timeout: 60_000 }, async (t) => {
  const user = newUser(t);
  const { child, ended } = await endlessBackup(user);
  const locked = await user.run(['prune', '--json'], { expect: 11 });
  const exit = JSON.parse(locked.stderr) as Record<string, unknown>;
  assert.deepEqual([exit['message_type'], exit['code']], ['exit_error', 11]);
  const text = await user.run(['forget', '--keep-last', '1'], { expect: 11 });
  assert.match(text.stderr, /locked[^]*\nhint: .*unlock/);
  await user.run(['snapshots']);
  child.kill('SIGINT');
  await ended;
  await user.run(['prune', '-q']);
});

test('SIGUSR1 prints the progress where there is no terminal', { timeout: 60_000 }, async (t) => {
  const user = newUser(t);
  const { child, ended, said } = await endlessBackup(user);
  child.kill('SIGUSR1');
  while (!/\[0:\d\d\] .*MiB/.test(said())) await once(child.stdout, 'data');
  child.kill('SIGINT');
  await ended;
  assert.ok(!said().includes('Debugger'));
});

test('a reader that goes away ends the program quietly', { timeout: 60_000 }, async (t) => {
  const user = newUser(t);
  await user.run(['backup', '--stdin', '-q'], { input: 'x' });
  const child = spawn(process.execPath, [holdfastBin, 'snapshots'], { env: { ...process.env, ...user.env } });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  const [status] = (await once(child, 'close')) as [number];
  assert.equal(said, '');
  assert.ok(status === 141 || status === 0);
});

test('output that cannot be written is told, and keeps no backup from being made', async (t) => {
  const user = newUser(t);
  mkdirSync(join(user.home, 'tree'));
  writeFileSync(join(user.home, 'tree', 'note'), 'hello');
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  const toFullDisk = async (args: readonly string[]) => {
    const child = spawn(process.execPath, [holdfastBin, ...args], {
      cwd: user.home,
      env: { ...process.env, ...user.env },
      stdio: ['ignore', full, 'pipe'],
    });
    let said = '';
    child.stderr!.on('data', (piece: Buffer) => (said += piece.toString()));
    const [status] = (await once(child, 'close')) as [number];
    return { status, said };
  };
  for (const line of ['backup tree', 'snapshots --json', 'check', 'ls latest']) {
    const { status, said } = await toFullDisk(line.split(' '));
    assert.equal(status, 1, `${line}: ${said}`);
    assert.match(said, /the work was done, but standard output cannot be written: no space left on device/);
  }
  const dumped = await toFullDisk(['dump', 'latest', '/tree/note']);
  assert.equal(dumped.status, 1);
  assert.match(dumped.said, /^holdfast: .*standard output cannot be written: no space left on device\n/);
  const { stdout } = await user.run(['snapshots', '--json']);
  assert.equal((JSON.parse(stdout) as unknown[]).length, 1);
});

test('a terminal that goes away ends no backup', { timeout: 60_000 }, async (t) => {
  const user = newUser(t);
  const { child, said, ended } = await endlessBackup(user);
  child.kill('SIGHUP');
  child.kill('SIGUSR1');
  while (!/\[0:\d\d\] .*MiB/.test(said())) await once(child.stdout, 'data');
  child.kill('SIGINT');
  assert.deepEqual(await ended, [130, null], said());
});

test('a second signal ends the command whose output is backed up, too', { timeout: 60_000 }, async (t) => {
  const user = newUser(t);
  const script = `trap '' TERM INT; echo $$ > pid; echo x; while :; do sleep 0.1; done`;
  const args = ['backup', '--stdin-from-command', '--', 'sh', '-c', script];
  const child = spawn(process.execPath, [holdfastBin, ...args], {
    cwd: user.home,
    env: { ...process.env, ...user.env },
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const file = join(user.home, 'pid');
  while (!existsSync(file) || readFileSync(file).length === 0) await delay(50);
  const pid = Number(readFileSync(file, 'utf8'));
  t.after(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  child.kill('SIGTERM');
  await once(child.stderr, 'data');
  child.kill('SIGTERM');
  const [status] = await ended;
  assert.equal(status, 130);
  for (let tries = 0; isAlive(pid) && tries < 40; tries++) await delay(50);
  assert.ok(!isAlive(pid));
});

test('a command whose children are silent ends with the backup, before what comes after it', async (t) => {
  const script = 'echo x; sleep 40 & echo $! > pid; wait; echo y';
  const user = configured(
    t,
    `sources: { x: { command: '${script}', filename: x } }
vaults:
${vault('here')}jobs:
  night: { sources: x, vaults: here, hooks: { after: 'touch thawed' } }
`,
  );
  for (const args of [
    ['backup', '--stdin-from-command', '--', 'sh', '-c', script],
    ['run', 'night'],
  ]) {
    const file = join(user.home, 'pid');
    rmSync(file, { force: true });
    const child = spawn(process.execPath, [holdfastBin, ...args], {
      cwd: user.home,
      env: { ...process.env, ...user.env },
    });
    let said = '';
    child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const ended = once(child, 'exit') as Promise<[number | null]>;
    const over = ended.then(() => true);
    while ((!existsSync(file) || readFileSync(file).length === 0) && child.exitCode === null) await delay(50);
    assert.equal(child.exitCode, null, said);
    const pid = Number(readFileSync(file, 'utf8'));
    t.after(() => {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
    child.kill('SIGTERM');
    const inTime = await Promise.race([over, delay(20_000, false, { ref: false })]);
    if (!inTime) child.kill('SIGKILL');
    assert.ok(inTime, `${args[0]} goes on: ${said}`);
    assert.deepEqual((await ended)[0], 130, said);
    assert.ok(!isAlive(pid), `${args[0]} left it running`);
  }
  assert.ok(existsSync(join(user.home, 'thawed')));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}
