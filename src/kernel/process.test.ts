/** Child processes: every byte of theirs, and every way in which they end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProcess, runProcess } from './process.ts';

const { signal } = new AbortController();
const env = { PATH: process.env['PATH'] };

async function sizeOf(
  script: string,
  options: Partial<Parameters<typeof readProcess>[2]> = {},
): Promise<number> {
  let size = 0;
  for await (const piece of readProcess('sh', ['-c', script], { env, signal, ...options }))
    size += piece.length;
  return size;
}

test('all of the output arrives', async () => {
  assert.equal(await sizeOf('head -c 9000000 /dev/zero; sleep 0.05; echo end'), 9_000_004);
  assert.equal(await sizeOf('true'), 0);
});

test('a program that fails is told with its own words, after its last byte', async () => {
  let size = 0;
  const script = 'echo some; echo "sh: detail: it helps" >&2; echo "sh: error: no such table" >&2; exit 3';
  await assert.rejects(
    async () => {
      for await (const piece of readProcess('sh', ['-c', script], { env, signal })) size += piece.length;
    },
    { code: 'failed', message: 'sh failed with status 3: no such table' },
  );
  assert.equal(size, 5);
  await assert.rejects(sizeOf('kill -9 $$'), { message: 'sh was ended by SIGKILL' });
  const missing = readProcess('/nowhere/pg_dump', [], { env, signal });
  await assert.rejects(missing.next(), { message: /^pg_dump cannot be started: .*ENOENT/ });
});

test('what a program warns of is told when it succeeds', async () => {
  const lines: string[] = [];
  await sizeOf('echo "mind this" >&2', { onWarning: (line) => lines.push(line) });
  assert.deepEqual(lines, ['mind this']);
});

test('a program that is stuck is ended', async () => {
  await assert.rejects(sizeOf('echo a; exec sleep 60', { stallTimeout: 100 }), {
    code: 'unreachable',
    message: /^sh was stuck/,
  });
});

test('an interruption ends the program', async () => {
  const controller = new AbortController();
  const reading = readProcess('sh', ['-c', 'echo a; exec sleep 60'], { env, signal: controller.signal });
  await reading.next();
  controller.abort();
  await assert.rejects(reading.next(), { code: 'interrupted' });
});

test('input goes in and output comes back', async () => {
  async function* lots(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 200; i++) yield Buffer.alloc(65_536, 'x');
  }
  assert.equal((await runProcess('wc', ['-c'], lots(), { env, signal })).trim(), String(200 * 65_536));
  await assert.rejects(runProcess('sh', ['-c', 'exit 4'], lots(), { env, signal }), { message: /status 4/ });
});
