import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { holdfastBin } from '../support/restic.ts';
import { seededBytes } from '../support/tree.ts';
import { newUser } from './run.ts';

test('Ctrl-C ends a restore cleanly, and the next goes on', { timeout: 60_000 }, async (t) => {
  const user = newUser(t);
  const source = join(user.home, 'source');
  mkdirSync(source);
  const names = Array.from({ length: 12 }, (_, i) => `file ${i}`);
  for (const [i, name] of names.entries()) writeFileSync(join(source, name), seededBytes(1_500_000, i + 1));
  await user.run(['backup', '.', '--pack-size', '4', '-q'], { cwd: source });
  const args = ['restore', 'latest', '--target', join(user.home, 'target'), '--json', '-vv'];
  const child = spawn(process.execPath, [holdfastBin, ...args, '--limit-download', '2000'], {
    cwd: user.home,
    env: { ...process.env, ...user.env },
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  let said = '';
  child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  let restored = '';
  child.stdout.on('data', (piece: Buffer) => {
    restored += piece.toString();
    // once: a second one ends it without a word
    if (!restored.includes('"verbose_status"')) return;
    child.stdout.removeAllListeners('data').resume();
    child.kill('SIGINT');
  });
  assert.deepEqual(await ended, [130, null], said);
  assert.equal(said, '{"message_type":"exit_error","code":130,"message":"interrupted"}\n');
  assert.deepEqual(readdirSync(join(user.home, '.local/share/holdfast/repository/locks')), []);

  const { stdout } = await user.run(args);
  const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>;
  assert.ok(summary['files_skipped']! > 0 && summary['files_skipped']! < 12, stdout);
  for (const [i, name] of names.entries()) {
    assert.ok(readFileSync(join(user.home, 'target', name)).equals(seededBytes(1_500_000, i + 1)), name);
  }
});
