import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { generateKey } from 'openpgp';
import { hasCode, HoldfastError } from '../../../kernel/errors.ts';
import { tempFolder } from '../../../../test/support/temp.ts';
import { type EncodingName, encodingNames, encodingsOfName } from './encoding.ts';
import {
  decodeThrough,
  type EncodingChoice,
  encodeThrough,
  type DecodingKeys,
  openDecodings,
  openEncodings,
} from './open.ts';

const folder = tempFolder({ after });
const signal = new AbortController().signal;
const passphrase = 'correct horse';
let keys: DecodingKeys;
let choices: Record<EncodingName, EncodingChoice>;

/** Pieces of one memory that is written over each time: what is kept without being copied is lost. */
async function* reused(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(Math.max(1, ...sizes));
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const piece = bytes.subarray(at, at + Math.max(1, sizes[i % sizes.length]!));
    memory.set(piece);
    yield memory.subarray(0, piece.length);
    memory.fill(0xee);
    at += piece.length;
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

async function encode(names: readonly EncodingName[], bytes: Uint8Array, sizes = [100_000]): Promise<Buffer> {
  const encodings = await openEncodings(names.map((name) => choices[name]));
  return collect(encodeThrough(encodings, reused(bytes, sizes), signal));
}

async function decode(names: readonly EncodingName[], bytes: Uint8Array, sizes = [100_000]): Promise<Buffer> {
  const encodings = await openDecodings(names, keys);
  return collect(decodeThrough(encodings, reused(bytes, sizes), signal));
}

/** Text that compresses, of more than one block of every encoding. */
function sampleText(length: number): Buffer {
  const words = randomBytes(4096);
  const out = Buffer.alloc(length);
  for (let at = 0; at < length; at += 97)
    out.set(words.subarray(at % 3989, (at % 3989) + 97).subarray(0, length - at), at);
  return out;
}

suite('encodings', () => {
  before(async () => {
    const at = (name: string) => join(folder, name);
    const identity = await generateX25519Identity();
    await writeFile(at('age.txt'), `# made for a test\n${identity}\n`);
    const userIDs = [{ name: 'Ada', email: 'ada@example.org' }];
    const pair = await generateKey({ userIDs, passphrase });
    await writeFile(at('public.asc'), pair.publicKey);
    await writeFile(at('private.asc'), pair.privateKey);
    keys = {
      openpgpKeys: [at('private.asc')],
      ageIdentities: [at('age.txt')],
      passphrase: () => Promise.resolve(passphrase),
    };
    choices = {
      gzip: { name: 'gzip' },
      lz4: { name: 'lz4' },
      zstd: { name: 'zstd' },
      openpgp: { name: 'openpgp', recipients: [at('public.asc')] },
      age: { name: 'age', recipients: [await identityToRecipient(identity)] },
    };
  });

  for (const name of encodingNames) {
    test(`${name}: comes back whatever the pieces are`, async () => {
      const edges = [0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 16 * 65_536, 16 * 65_536 + 1];
      for (const length of edges) {
        const bytes = randomBytes(length);
        assert.ok(
          (await decode([name], await encode([name], bytes, [70_000]), [65_000])).equals(bytes),
          `${length} bytes`,
        );
      }
      const large = sampleText(9_500_000);
      assert.ok(
        (await decode([name], await encode([name], large, [1, 999_983, 64]), [400_000, 7])).equals(large),
      );
    });

    test(`${name}: what is cut off or altered or followed by something is an error`, async () => {
      const encoded = await encode([name], sampleText(300_000));
      const cuts = [
        0,
        1,
        5,
        40,
        encoded.length >> 1,
        encoded.length - 9,
        encoded.length - 4,
        encoded.length - 1,
      ];
      for (const length of cuts) {
        await assert.rejects(decode([name], encoded.subarray(0, length)), damage, `cut to ${length}`);
      }
      for (const more of [Buffer.alloc(1), Buffer.alloc(600), Buffer.from('garbage after it')]) {
        await assert.rejects(
          decode([name], Buffer.concat([encoded, more])),
          damage,
          `followed by ${more.length}`,
        );
      }
      const places = name === 'openpgp' ? 8 : 30;
      for (let i = 0; i < places; i++) {
        const at = Math.floor(((i + 0.5) / places) * encoded.length);
        const altered = Buffer.from(encoded);
        altered[at]! ^= 0x10;
        const result = await decode([name], altered).catch((error: unknown) => error);
        assert.ok(result instanceof HoldfastError, `byte ${at} of ${encoded.length} altered`);
      }
    });

    test(`${name}: what the bytes throw is thrown`, async () => {
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield sampleText(2_000_000);
        throw new HoldfastError('disk-full', 'no more');
      }
      const [encoding] = await openEncodings([choices[name]]);
      await assert.rejects(collect(encoding!.encode(failing(), signal)), { code: 'disk-full' });
      const encoded = await encode([name], randomBytes(3_000_000));
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield encoded.subarray(0, 2_000_000);
        throw new HoldfastError('unreachable', 'gone');
      }
      const [decoding] = await openDecodings([name], keys);
      await assert.rejects(collect(decoding!.decode(broken(), signal)), { code: 'unreachable' });
    });

    test(`${name}: who stops reading ends it all`, async () => {
      let closed = false;
      async function* endless(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) yield randomBytes(300_000);
        } finally {
          closed = true;
        }
      }
      const [encoding] = await openEncodings([choices[name]]);
      let read = 0;
      for await (const piece of encoding!.encode(endless(), signal))
        if ((read += piece.length) > 3_000_000) break;
      assert.ok(closed);
    });
  }

  test('stacks of one that compresses and one that encrypts', async () => {
    const bytes = sampleText(3_000_000);
    for (const stack of [
      ['gzip', 'openpgp'],
      ['lz4', 'age'],
      ['zstd', 'openpgp'],
    ] as const) {
      assert.ok((await decode(stack, await encode(stack, bytes))).equals(bytes));
    }
  });

  test('stacks that make no sense are refused', async () => {
    const refused = [
      { names: ['openpgp', 'gzip'], why: /compress before/ },
      { names: ['age', 'openpgp'], why: /encrypting twice/ },
      { names: ['gzip', 'zstd'], why: /compressing twice/ },
    ] as const;
    for (const { names, why } of refused) {
      await assert.rejects(openEncodings(names.map((name) => choices[name])), {
        code: 'usage',
        message: why,
      });
    }
  });

  test('names tell of encodings', () => {
    const cases = {
      'a.sql': ['a.sql'],
      'a.sql.gz': ['a.sql', 'gzip'],
      'a.sql.lz4.gpg': ['a.sql', 'lz4', 'openpgp'],
      'a.tar.zst.age': ['a.tar', 'zstd', 'age'],
      'a.gz.gz': ['a.gz', 'gzip'],
      'a.gpg.gz': ['a.gpg', 'gzip'],
      '.gz': ['.gz'],
      'folder/.gz': ['folder/.gz'],
    };
    for (const [name, [plainName, ...encodings]] of Object.entries(cases)) {
      assert.deepEqual(encodingsOfName(name), { plainName, encodings });
    }
  });

  test('the same bytes give the same gzip, lz4 and zstd, whatever the pieces are', async () => {
    const bytes = sampleText(5_000_000);
    for (const name of ['gzip', 'lz4', 'zstd'] as const) {
      assert.ok((await encode([name], bytes, [77])).equals(await encode([name], bytes, [2_000_000])), name);
    }
  });

  test('lz4, gzip and zstd: any bytes come back', async () => {
    const runs = fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(3000)), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(runs, async (parts) => {
        const bytes = Buffer.concat(parts.flatMap(([part, times]) => Array<Uint8Array>(times).fill(part)));
        for (const name of ['gzip', 'lz4', 'zstd'] as const) {
          assert.ok((await decode([name], await encode([name], bytes, [33_333]), [1000])).equals(bytes));
        }
      }),
      { numRuns: 15 },
    );
  });
});

function damage(error: unknown): boolean {
  assert.ok(hasCode(error, 'corrupt', 'truncated'), String(error));
  return true;
}
