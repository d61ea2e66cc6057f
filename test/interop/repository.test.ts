/** Repositories, keys and locks: what one program writes the other takes, in both directions. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createContext } from '../../src/kernel/context.ts';
import { addKey, changePassword, listKeys } from '../../src/operations/key.ts';
import { unlock } from '../../src/operations/unlock.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import { addSnapshot, idsOf } from '../../src/testing/small-repository.ts';
import { initRepository } from '../../src/vaults/repository/init.ts';
import { listLocks, writeLock } from '../../src/vaults/repository/lock-acquire.ts';
import { thisHost } from '../../src/vaults/repository/lock-holder.ts';
import { withLock } from '../../src/vaults/repository/lock.ts';
import { openRepository } from '../../src/vaults/repository/open.ts';
import { restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { requireTool, toolPath } from '../support/tools.ts';

const password = 'test';
const context = createContext();
const cheap = { cost: 'random-key' } as const;

function open(folder: string, secret = password) {
  return openRepository(createLocalStorage(folder), Buffer.from(secret));
}

for (const version of [1, 2] as const) {
  test(`restic reads, checks and writes to a repository of version ${version}`, async (t) => {
    if (!requireTool(t, 'restic')) return;
    const folder = join(tempFolder(t), 'repository');
    const made = await initRepository(createLocalStorage(folder), Buffer.from(password), {
      version,
      ...cheap,
    });
    const content = { text: 'some text '.repeat(5000), folder: { empty: '', 'ünïcode <&>': 'x' } };
    const snapshot = await addSnapshot(made, content);
    const program = restic({ repository: folder, password });
    await program.run(['check', '--read-data']);
    const dumped = await program.run(['dump', snapshot, 'text']);
    assert.equal(dumped.stdout, content.text);
    const config = JSON.parse((await program.run(['cat', 'config'])).stdout) as Record<string, unknown>;
    assert.equal(config['version'], version);
    assert.equal(config['chunker_polynomial'], made.config.chunkerPolynomial.toString(16));

    await program.run(['backup', '--stdin', '--stdin-filename', 'piped'], { input: 'from a pipe' });
    const again = await open(folder);
    assert.equal((await idsOf(again, 'snapshot')).length, 2);
    assert.equal(again.chunker, 'fast', 'restic leaves our field of the config alone');
    await addSnapshot(again, { ...content, more: 'more' });
    await program.run(['check', '--read-data']);
  });
}

test('keys of either program open the repository for both', async (t) => {
  if (!requireTool(t, 'restic')) return;
  const folder = join(tempFolder(t), 'repository');
  const passwordFile = join(tempFolder(t), 'new-password');
  writeFileSync(passwordFile, 'by restic\n');
  const program = restic({ repository: folder, password });
  await program.run(['init']);
  const repository = await open(folder);
  assert.equal(repository.chunker, 'rabin');
  await program.run(['key', 'add', '--new-password-file', passwordFile, '--host', 'box', '--user', 'ops']);
  const byRestic = await open(folder, 'by restic');
  await addKey(byRestic, { password: Buffer.from('by us'), ...cheap }, context);
  const ours = restic({ repository: folder, password: 'by us' });
  const listed = (await ours.json(['key', 'list'])) as { id: string; userName: string; hostName: string }[];
  const shown = await listKeys(byRestic, context);
  assert.deepEqual(
    shown.map(({ id, userName, hostName }) => ({ id, userName, hostName })),
    listed
      .map(({ id, userName, hostName }) => ({ id, userName, hostName }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  );
  await changePassword(byRestic, { password: Buffer.from('changed'), ...cheap }, context);
  await restic({ repository: folder, password: 'changed' }).run(['snapshots']);
  await restic({ repository: folder, password: 'by restic' }).run(['snapshots'], { expect: 12 });
});

test('locks of either program hold the other off', async (t) => {
  if (!requireTool(t, 'restic')) return;
  const folder = join(tempFolder(t), 'repository');
  const program = restic({ repository: folder, password });
  await program.run(['init']);
  const repository = await open(folder);

  await withLock(repository, { exclusive: true }, context, async () => {
    const refused = await program.run(['backup', '--stdin'], { expect: 11, input: 'x' });
    assert.match(refused.stderr, /repository is already locked exclusively by PID/);
  });
  await withLock(repository, { exclusive: false }, context, async () => {
    await program.run(['backup', '--stdin'], { input: 'x' });
    await program.run(['check'], { expect: 11 });
  });
  await program.run(['check']);

  const held = spawn(toolPath('restic'), ['-r', folder, 'backup', '--stdin', '--no-cache'], {
    env: { ...process.env, RESTIC_PASSWORD: password },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  t.after(() => held.kill('SIGKILL'));
  for (let i = 0; (await listLocks(repository)).length === 0; i++) {
    assert.ok(i < 200, 'restic locks within 20 seconds');
    await sleep(100);
  }
  await assert.rejects(
    withLock(repository, { exclusive: true }, context, async () => {}),
    {
      code: 'locked',
      message: new RegExp(`already locked by PID ${held.pid} on `),
    },
  );
  assert.equal(await unlock(repository, {}, context), 0, 'its process is alive');
  const ended = once(held, 'exit');
  held.kill('SIGKILL');
  await ended;
  assert.equal(await unlock(repository, {}, context), 1);

  await writeLock(repository, true, { ...thisHost, hostname: 'elsewhere' }, Date.now() - 3_600_000);
  await program.run(['unlock']);
  assert.deepEqual(await idsOf(repository, 'lock'), []);
});
