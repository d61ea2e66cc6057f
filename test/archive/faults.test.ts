/** What goes wrong while an archive is written: nothing under a final name, nothing removed, and the status says so. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { skipWithoutOwnSystem } from '../support/own-system.ts';
import { holdfast, holdfastBin } from '../support/restic.ts';
import { skipWithoutDisk, smallDisk } from '../support/small-disk.ts';
import { filesIn } from '../support/stored-names.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';
import { startVsftpd } from '../support/vsftpd.ts';

const stdin = ['backup', '--layout', 'daily', '--encode', 'none', '--stdin-filename', 'shop.sql'];
const noise = [...stdin, '--stdin-from-command', '--', 'sh', '-c', 'head -c 40000000 /dev/urandom'];

test('a full disk', { skip: skipWithoutDisk() }, async (t) => {
  const disk = await smallDisk(t, 'size=8m');
  const folder = join(disk.path, 'archive');
  const program = holdfast({ repository: `archive:${folder}`, password: '' });
  await program.run([...stdin, '--stdin'], { input: 'shop\n' });
  const before = filesIn(folder);
  assert.equal(before.length, 2);
  const failed = await program.run(noise, { expect: 1 });
  assert.match(failed.stderr, /^holdfast: cannot write [^\n]*: the disk is full\nhint: free some space/m);
  assert.deepEqual(filesIn(folder), before);
  await program.run(['check']);
});

test(
  'an FTP server that is gone in the middle of a file',
  { skip: skipWithoutOwnSystem() || skipWithout('vsftpd'), timeout: 120_000 },
  async (t) => {
    const server = await startVsftpd();
    t.after(() => server.stop());
    const { scheme, user, host, port, home, password } = server;
    const repository = `archive:${scheme}://${user}@${host}:${port}/${home}/archive`;
    const env = { HOLDFAST_FTP_PASSWORD: password };
    const program = holdfast({ repository, password: '', env });
    await program.run([...stdin, '--stdin'], { input: 'shop\n' });
    const slow = 'head -c 8000000 /dev/urandom; sleep 60';
    const args = [...stdin, '--stdin-from-command', '--', 'sh', '-c', slow];
    const child = spawn(process.execPath, [holdfastBin, '-r', repository, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const files = (): string[] => filesIn(join(home, 'archive'));
    const sent = (): boolean => files().length > 2;
    for (let tries = 0; tries < 200 && !sent(); tries++) await pause(50);
    assert.ok(sent(), 'it is being written');
    await server.restart();
    child.kill('SIGTERM');
    const [status] = (await ended) as [number | null];
    assert.notEqual(status, 0);
    const { stdout } = await program.run(['snapshots', '--json']);
    assert.equal((JSON.parse(stdout) as unknown[]).length, 1);
    await program.run(['check']);
  },
);

test('a run that is interrupted', async (t) => {
  const folder = tempFolder(t);
  const repository = `archive:${folder}`;
  // a lock comes first, and in `dated` the mark of the folder
  const begun = (): string[] =>
    filesIn(folder).filter((name) => !name.endsWith('unfinished') && !name.includes('.holdfast/'));
  for (const layout of ['daily', 'dated']) {
    const args = [
      'backup',
      '--layout',
      layout,
      '--stdin-from-command',
      '--',
      'sh',
      '-c',
      'echo some; exec sleep 60',
    ];
    const child = spawn(process.execPath, [holdfastBin, '-r', repository, ...args], { stdio: 'ignore' });
    t.after(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    for (let tries = 0; tries < 200 && begun().length === 0; tries++) await pause(50);
    assert.equal(begun().length, 1);
    child.kill('SIGINT');
    const [status] = (await ended) as [number | null];
    assert.equal(status, 130);
    assert.deepEqual(filesIn(folder), []);
  }
});
