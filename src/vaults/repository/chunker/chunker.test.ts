import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Chunker, type ChunkerKind, createChunker, maxChunkSize, minChunkSize } from './chunker.ts';
import { fastKeys } from './fast-keys.ts';

const MiB = 1024 * 1024;
const polynomial = 0x3da3358b4dc173n;

/** Marsaglia's xorshift with 32 bits of state, little-endian. */
function noise(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  for (let i = 0, x = seed; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer);
}

/**
 * Lengths of the chunks of `data`. Each time `feed` says how many bytes come in next; the window is as small as it can
 * be, so that chunks move within it.
 */
function lengthsOf(chunker: Chunker, data: Uint8Array, feed: () => number = () => MiB): number[] {
  const { buffer } = chunker;
  const lengths: number[] = [];
  let read = 0;
  let start = 0;
  let end = 0;
  chunker.reset();
  for (;;) {
    if (buffer.length - end < 64) {
      buffer.copyWithin(0, start, end);
      end -= start;
      start = 0;
    }
    const portion = data.subarray(read, read + Math.min(feed(), buffer.length - end));
    buffer.set(portion, end);
    end += portion.length;
    read += portion.length;
    for (;;) {
      const cut = chunker.next(start, end, read === data.length);
      if (cut < 0) break;
      lengths.push(cut - start);
      start = cut;
    }
    if (read === data.length) return lengths;
  }
}

function cutsOf(lengths: readonly number[]): number[] {
  let at = 0;
  return lengths.map((length) => (at += length));
}

describe('rabin chunker', () => {
  // Made with restic/chunker on the same bytes.
  const runs = (count: number): number[] => Array.from({ length: count }, () => minChunkSize);
  const known: { name: string; polynomial: bigint; data: () => Uint8Array; lengths: number[] }[] = [
    {
      name: 'noise',
      polynomial,
      data: () => noise(16 * MiB, 1),
      lengths: [5869365, 661282, 1507476, 1171464, 1889475, 1770721, 2704619, 1202814],
    },
    {
      name: 'bytes of one bit',
      polynomial,
      data: () => noise(20 * MiB, 7).map((byte) => byte & 1),
      lengths: [
        695835, 3091906, 1342377, 1568533, 1268195, 1708619, 3144404, 659821, 1144727, 2387564, 1044559,
        860938, 2054042,
      ],
    },
    {
      name: 'noise with 7 MiB of zeros',
      polynomial,
      data: () => noise(12 * MiB, 9).fill(0, 2 * MiB, 9 * MiB),
      lengths: [1545842, 551374, ...runs(13), 1536471, 1017159, 1005436, 110886],
    },
    {
      name: 'noise with another polynomial',
      polynomial: 0x3abc9bff07d9e5n,
      data: () => noise(16 * MiB, 1),
      lengths: [1642304, 789542, 643718, 2747727, 1191093, 668438, 4283576, 3918464, 892354],
    },
    {
      name: 'noise with the lowest polynomial',
      polynomial: 0x20000000000047n,
      data: () => noise(16 * MiB, 1),
      lengths: [
        3286709, 1074771, 2044190, 1233223, 816716, 1044709, 1484783, 610377, 1215893, 1133266, 809743,
        691010, 782220, 549606,
      ],
    },
    {
      name: 'a period that never cuts, with the highest polynomial',
      polynomial: 0x3fffffffffffe5n,
      data: () => {
        const data = noise(18 * MiB, 9);
        for (let i = 2 * MiB; i < 17 * MiB; i++) data[i] = i % 7;
        return data;
      },
      lengths: [maxChunkSize, maxChunkSize, 2 * MiB],
    },
  ];
  for (const { name, polynomial, data, lengths } of known) {
    test(`cuts as restic does: ${name}`, () => {
      assert.deepEqual(lengthsOf(createChunker('rabin', polynomial), data()), lengths);
    });
  }

  test('refuses polynomials that restic does not make', () => {
    for (const wrong of [0n, 0x1ffffffffffff1n, 0x40000000000001n]) {
      assert.throws(() => createChunker('rabin', wrong), { code: 'unsupported' });
    }
  });
});

describe('fast chunker', () => {
  test('cuts where a plain reckoning of the same rule cuts', () => {
    const data = noise(12 * MiB, 3);
    // ordinary text and runs as well
    for (let i = 4 * MiB; i < 7 * MiB; i++) data[i] = 97 + (data[i]! % 20);
    data.fill(32, 7 * MiB, 8 * MiB);
    const rule = plainRule(fastKeys(polynomial), data);
    const expected: number[] = [];
    for (let start = 0; start < data.length;) {
      let end = start + minChunkSize;
      while (end < data.length && end < start + maxChunkSize && !rule(end)) end++;
      end = Math.min(end, data.length);
      expected.push(end - start);
      start = end;
    }
    assert.ok(expected.length > 5);
    assert.deepEqual(lengthsOf(createChunker('fast', polynomial), data), expected);
  });

  test('cuts as it did in earlier versions', () => {
    const lengths = [
      544690, 634742, 2021764, 569448, 703690, 1085749, 1450649, 851948, 578626, 824944, 606465, 693642,
      644774, 805523, 2348108, 961887, 780897, 545745, 123925,
    ];
    assert.deepEqual(lengthsOf(createChunker('fast', polynomial), noise(16 * MiB, 1)), lengths);
  });

  test('cuts elsewhere with another polynomial', () => {
    const data = noise(16 * MiB, 1);
    const [a, b] = [polynomial, polynomial ^ 2n].map((key) =>
      cutsOf(lengthsOf(createChunker('fast', key), data)),
    );
    assert.deepEqual(
      a!.filter((cut) => b!.includes(cut)),
      [data.length],
    );
  });

  test('survives long runs and short periods', () => {
    for (const period of [1, 2, 4, 16, 64]) {
      const data = new Uint8Array(9 * MiB).map((_, i) => i % period);
      for (const length of lengthsOf(createChunker('fast', polynomial), data).slice(0, -1)) {
        assert.ok(length >= minChunkSize && length <= maxChunkSize);
      }
    }
  });
});

for (const kind of ['rabin', 'fast'] satisfies ChunkerKind[]) {
  describe(`${kind} chunker, whatever comes`, () => {
    const data = noise(12 * MiB, 5);
    const chunker = createChunker(kind, polynomial);
    const expected = lengthsOf(chunker, data);

    test('the portions of the input make no difference', () => {
      const tight = createChunker(kind, polynomial, maxChunkSize + 4096);
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 3 * MiB }), fc.integer({ min: 1, max: 99 }), (most, seed) => {
          let state = seed;
          const feed = () =>
            1 + ((state = (state * 48271) % 0x7fffffff) % most) + (most < 10_000 ? 50_000 : 0);
          assert.deepEqual(lengthsOf(tight, data, feed), expected);
        }),
        { numRuns: 12 },
      );
    });

    test('most cuts come back after bytes were put in or taken out', () => {
      const before = cutsOf(expected).slice(0, -1);
      const middle = 3 * MiB + 17;
      for (const change of [1, 100, -37]) {
        const tail = data.subarray(middle + Math.max(0, -change));
        const changed = Buffer.concat([data.subarray(0, middle), Buffer.alloc(Math.max(0, change), 7), tail]);
        const after = cutsOf(lengthsOf(chunker, changed));
        const kept = before.filter((cut) => after.includes(cut < middle ? cut : cut + change));
        assert.ok(kept.length >= before.length - 2, `${kept.length} of ${before.length} cuts kept`);
      }
    });

    test('chunks are of the sizes that restic makes', () => {
      let chunks = 0;
      for (const key of [0x3abc9bff07d9e5n, 0x20000000000047n, polynomial]) {
        const lengths = lengthsOf(createChunker(kind, key), data);
        for (const length of lengths.slice(0, -1))
          assert.ok(length >= minChunkSize && length <= maxChunkSize);
        chunks += lengths.length;
      }
      // of 36 MiB of noise rabin makes 24 on average (0.5 MiB, then 1 MiB), fast 36 (0.5 MiB twice)
      const expectedChunks = kind === 'rabin' ? 24 : 36;
      assert.ok(Math.abs(chunks - expectedChunks) < 11, `${chunks}`);
    });

    test('short streams are one chunk, empty ones none', () => {
      for (const length of [1, 31, minChunkSize - 1, minChunkSize]) {
        chunker.reset();
        assert.equal(chunker.next(0, length, false), -1);
        assert.equal(chunker.next(0, length, true), length);
      }
      assert.equal(chunker.next(0, 0, true), -1);
    });

    test('a stream that was given up leaves nothing behind', () => {
      chunker.next(0, 600_000, false);
      assert.deepEqual(lengthsOf(chunker, data), expected);
    });
  });
}

/** Says of a place in `data` whether a chunk may end there: the rule of fast.ts, a byte at a time. */
function plainRule(keys: Uint8Array, data: Uint8Array): (at: number) => boolean {
  const view = new DataView(keys.buffer, keys.byteOffset);
  const bytes = new DataView(data.buffer, data.byteOffset);
  const substitute = (at: number): number => keys[data[at]! & 15]! + keys[16 + (data[at]! >> 4)]!;
  const weights = [1, -1, -1, 1, 1, -1, -1, 1];
  const word = (x: bigint): bigint => BigInt.asUintN(64, x);
  return (at) => {
    const quick = weights.reduce((sum, weight, i) => sum + weight * substitute(at - 1 - i), 0);
    if ((quick & 255) !== keys[32]) return false;
    let mix = 0n;
    for (let i = 0; i < 4; i++) {
      const turned = word(mix << 31n) | (mix >> 33n);
      const block = bytes.getBigUint64(at - 8 * (i + 1), true);
      mix = word(
        (turned ^ block ^ view.getBigUint64(48 + 8 * i, true)) * view.getBigUint64(80 + 8 * i, true),
      );
    }
    return (mix ^ word(mix << 32n)) >> 53n === 0n;
  };
}
