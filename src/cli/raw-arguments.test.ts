import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textToPath } from '../kernel/path-text.ts';
import { rawArguments } from './raw-arguments.ts';

test('arguments that are not UTF-8 are found on the command line as they were', () => {
  const odd = [Buffer.from('a\xffb', 'latin1'), Buffer.from('--exclude=a\xfeb', 'latin1'), Buffer.alloc(0)];
  const line = Buffer.concat(
    ['node', 'script', 'backup', ...odd].flatMap((word) => [Buffer.from(word), zero]),
  );
  const args = ['backup', ...odd.map(String)];
  const read = rawArguments(args, () => line);
  assert.deepEqual(read.map(textToPath).map(Buffer.from), [Buffer.from('backup'), ...odd]);
  assert.deepEqual(rawArguments(['ü'], assert.fail), ['ü']);
  // A name may hold the replacement character itself.
  assert.deepEqual(
    rawArguments(['\ufffd'], () => Buffer.from('node\0\ufffd\0')),
    ['\ufffd'],
  );
  assert.deepEqual(
    rawArguments(['\ufffd'], () => Buffer.alloc(0)),
    ['\ufffd'],
  );
});

const zero = Buffer.of(0);
