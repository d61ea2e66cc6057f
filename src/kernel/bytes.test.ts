import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ByteWriter, compareBytes, equalBytes } from './bytes.ts';

test('what is written in pieces of any size comes out in order, and the writer can be used again', () => {
  const w = new ByteWriter(0);
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'grapheme-ascii' }), fc.nat(255)),
      ),
      (pieces) => {
        const expected: Uint8Array[] = [];
        for (const piece of pieces) {
          if (typeof piece === 'number') {
            w.writeByte(piece);
            expected.push(Uint8Array.of(piece));
          } else if (typeof piece === 'string') {
            w.writeAscii(piece);
            expected.push(Buffer.from(piece, 'latin1'));
          } else {
            w.writeBytes(piece);
            expected.push(piece);
          }
        }
        const whole = Buffer.concat(expected);
        assert.deepEqual(Buffer.from(w.view()), whole);
        const taken = w.take();
        assert.equal(w.length, 0);
        w.writeAscii('written over the old');
        assert.deepEqual(Buffer.from(taken), whole);
        w.take();
      },
    ),
  );
});

test('bytes are ordered as Buffer.compare orders them', () => {
  const bytes = fc.uint8Array({ maxLength: 6, max: 3 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(a, b));
      assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0);
    }),
    { numRuns: 1000 },
  );
});
