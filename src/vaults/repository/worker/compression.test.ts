import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { compressBound, decompress } from '../../../kernel/native/zstd.ts';
import { compressionModes, createSqueeze } from './compression.ts';

/** a piece of a program: real data, of which harder work makes less */
const text = readFileSync(process.execPath).subarray(30_000_000, 30_600_000);

test('every mode but off shrinks a program, and the slow ones shrink it more', () => {
  const sizes = compressionModes.map((mode) => {
    const out = new Uint8Array(text.length);
    const length = createSqueeze(mode)(out, text, 'file');
    if (length > 0) assert.deepEqual(Buffer.from(decompress(out.subarray(0, length))), text);
    return [mode, length] as const;
  });
  const size = new Map(sizes);
  assert.equal(size.get('off'), 0);
  assert.ok(size.get('fastest')! > size.get('better')!, JSON.stringify(sizes));
  assert.ok(size.get('fastest')! > size.get('max')!, JSON.stringify(sizes));
});

test('off still compresses what is always compressed', () => {
  assert.ok(createSqueeze('off')(new Uint8Array(text.length), text, 'tree') > 0);
});

test('what will not shrink is said to be stored as it is', () => {
  for (const length of [0, 10, 5000, 1_000_000]) {
    assert.equal(createSqueeze('auto')(new Uint8Array(length + 1000), randomBytes(length), 'file'), 0);
  }
});

test('a large blob that shrinks in one place only is compressed all the same', () => {
  const mixed = Buffer.concat([randomBytes(400_000), Buffer.alloc(400_000)]);
  const length = createSqueeze('auto')(new Uint8Array(900_000), mixed, 'file');
  assert.ok(length > 0 && length < 450_000);
});

test('what repeats far apart only is compressed, with random bytes in every place that is looked at', () => {
  for (const distance of [70_000, 150_001, 400_000]) {
    const repeated = Buffer.alloc(1_000_000, randomBytes(distance));
    const out = new Uint8Array(repeated.length);
    const length = createSqueeze('auto')(out, repeated, 'file');
    assert.ok(length > 0 && length < distance * 1.1, `${distance}: ${length}`);
    assert.deepEqual(Buffer.from(decompress(out.subarray(0, length))), repeated);
  }
});

test('a tree is compressed even where that does not make it smaller', () => {
  const tiny = Buffer.from('{"nodes":[]}\n');
  const out = new Uint8Array(compressBound(tiny.length));
  for (const mode of ['auto', 'off', 'fastest', 'max'] as const) {
    assert.ok(createSqueeze(mode)(out, tiny, 'tree') > tiny.length, mode);
    assert.equal(createSqueeze(mode)(out, tiny, 'file'), 0, mode);
  }
});
