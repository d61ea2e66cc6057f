import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawOperand } from './raw-operand.ts';

test('an operand that is not UTF-8 is found on the command line as it was', () => {
  const odd = Buffer.from([0x61, 0xff, 0x62]);
  const line = Buffer.concat([Buffer.from('node\0backup\0'), odd, Buffer.from('\0')]);
  assert.deepEqual(Buffer.from(rawOperand(odd.toString(), () => line)), odd);
  assert.deepEqual(Buffer.from(rawOperand('ü', assert.fail)), Buffer.from('ü'));
  // A name may hold the replacement character itself.
  assert.deepEqual(Buffer.from(rawOperand('\ufffd', () => Buffer.alloc(0))), Buffer.from('\ufffd'));
});
