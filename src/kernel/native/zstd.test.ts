import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import {
  compress,
  compressBound,
  decompress,
  type Effort,
  frameContentSize,
  nativeZstd,
  nodeZstd,
} from './zstd.ts';

const text = Buffer.from('the quick brown fox jumps over the lazy dog. '.repeat(5000));
const samples: readonly Uint8Array[] = [
  Buffer.from('a'),
  text.subarray(0, 300),
  text,
  randomBytes(70_000),
  new Uint8Array(1 << 20),
];
const efforts: readonly Effort[] = [
  1,
  2,
  3,
  { level: 2, minMatch: 5, hashLog: 15 },
  { level: 3, minMatch: 4, hashLog: 14, chainLog: 14 },
  9,
];

test('zstd itself and node:zlib give the same frames', (t) => {
  const native = nativeZstd();
  if (!native) return t.skip('zstd cannot be called directly here');
  for (const sample of samples) {
    for (const effort of efforts) {
      const a = new Uint8Array(compressBound(sample.length));
      const b = new Uint8Array(compressBound(sample.length));
      const length = native.compressInto(a, sample, effort);
      assert.equal(nodeZstd.compressInto(b, sample, effort), length);
      assert.deepEqual(a.subarray(0, length), b.subarray(0, length));
      for (const zstd of [native, nodeZstd]) {
        const back = new Uint8Array(sample.length);
        assert.equal(zstd.decompressInto(back, a.subarray(0, length)), sample.length);
        assert.deepEqual(back, new Uint8Array(sample));
      }
    }
  }
});

test('an effort that strides further still codes what matches nothing', () => {
  const data = Buffer.from(randomBytes(4000).toString('hex'));
  for (const zstd of [nativeZstd(), nodeZstd]) {
    if (!zstd) continue;
    const out = new Uint8Array(compressBound(data.length));
    const length = zstd.compressInto(out, data, { level: 1, minMatch: 5, hashLog: 12, stride: 2 });
    assert.ok(length < data.length * 0.6, `${zstd.kind}: ${length}`);
    const back = new Uint8Array(data.length);
    assert.equal(nodeZstd.decompressInto(back, out.subarray(0, length)), data.length);
    assert.deepEqual(Buffer.from(back), data);
  }
});

for (const zstd of [nativeZstd(), nodeZstd]) {
  if (!zstd) continue;
  test(`${zstd.kind}: too little room is said, damage is refused`, () => {
    const frame = compress(text, 3);
    assert.equal(zstd.compressInto(new Uint8Array(10), randomBytes(1000), 3), -1);
    const cut = frame.slice(0, frame.length - 5);
    assert.throws(() => zstd.decompressInto(new Uint8Array(text.length), cut), { code: 'corrupt' });
    assert.throws(() => zstd.decompressInto(new Uint8Array(10), frame), { code: 'corrupt' });
    assert.throws(() => zstd.decompressInto(new Uint8Array(100), randomBytes(50)), { code: 'corrupt' });
  });

  test(`${zstd.kind}: several frames in a row are one content`, () => {
    const frames = Buffer.concat([compress(text, 3), compress(text, 1)]);
    const back = new Uint8Array(2 * text.length);
    assert.equal(zstd.decompressInto(back, frames), back.length);
    assert.deepEqual(Buffer.from(back), Buffer.concat([text, text]));
  });
}

test('a frame states its size, and a hostile one allocates nothing', () => {
  for (const length of [0, 1, 255, 256, 65_535, 65_536, 70_000]) {
    const frame = compress(new Uint8Array(length), 2);
    assert.equal(frameContentSize(frame), length);
    assert.equal(decompress(frame).length, length);
  }
  const frames = Buffer.concat([compress(text, 3), compress(new Uint8Array(300_000), 1)]);
  assert.equal(frameContentSize(frames), text.length + 300_000);
  assert.throws(() => frameContentSize(frames.subarray(0, frames.length - 1)), { code: 'corrupt' });
  assert.throws(() => decompress(compress(text, 2), 1000), { code: 'corrupt' });
  assert.throws(() => frameContentSize(Uint8Array.of(1, 2, 3, 4, 5, 6, 7)), { code: 'corrupt' });
});
