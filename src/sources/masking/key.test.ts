import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasCode, HoldfastError } from '../../kernel/errors.ts';
import { readMaskingKey } from './key.ts';
import type { MaskingKey } from './keyed-functions.ts';

const secret = 'a secret of thirty-two characters';

function fingerprint(key: MaskingKey): number {
  const functions = key.functions('test');
  functions.hash(Buffer.from('x'), 0, 1);
  return functions.digest[0]!;
}

test('the environment, a file and a command give the same key', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'masking-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'key');
  writeFileSync(path, `${secret}\n`);
  const expected = fingerprint(await readMaskingKey('env:KEY', { KEY: secret }));
  assert.equal(fingerprint(await readMaskingKey(`file:${path}`, {})), expected);
  assert.equal(fingerprint(await readMaskingKey(`command:cat '${path}'`, {})), expected);
  assert.notEqual(fingerprint(await readMaskingKey('env:KEY', { KEY: `${secret}!` })), expected);
});

test('what goes wrong is said without the secret', async () => {
  const failures: [reference: string, code: 'usage' | 'not-found' | 'failed', message: RegExp][] = [
    ['env:KEY', 'usage', /KEY, which is not set/],
    ['env:SHORT', 'usage', /has 5 bytes, at least 16 are needed/],
    ['file:/nonexistent/masking.key', 'not-found', /does not exist/],
    ['file:/', 'failed', /cannot be read/],
    ['command:echo "the safe is closed" >&2; exit 3', 'failed', /failed with status 3/],
    [secret, 'usage', /env:NAME, file:PATH or command:COMMAND/],
  ];
  for (const [reference, code, message] of failures) {
    await assert.rejects(readMaskingKey(reference, { SHORT: 'hello' }), (error) => {
      assert.ok(hasCode(error, code), String(error));
      assert.match(error.message, message);
      assert.ok(!error.message.includes(secret) && !error.message.includes('hello'));
      return true;
    });
  }
  await assert.rejects(
    readMaskingKey('command:echo "the safe is closed" >&2; exit 3', {}),
    (error) => error instanceof HoldfastError && error.hint === 'the safe is closed',
  );
});

test('a command can be interrupted', async () => {
  const started = readMaskingKey('command:sleep 20', {}, AbortSignal.abort());
  await assert.rejects(started, (error) => hasCode(error, 'interrupted'));
});
