/** What we encode opens with the stock programs, and what they encode opens here: sound, or an error. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import {
  type DecodingKeys,
  decodeThrough,
  type EncodingChoice,
  encodeThrough,
  openDecodings,
  openEncodings,
} from '../../src/vaults/archive/encodings/open.ts';
import type { EncodingName } from '../../src/vaults/archive/encodings/encoding.ts';
import { startGpg } from '../support/gpg.ts';
import { runProgram } from '../support/program.ts';
import { tempFolder } from '../support/temp.ts';
import { requireTool, skipWithout, toolPath } from '../support/tools.ts';

const signal = new AbortController().signal;

/** Text and noise, more than one block of every encoding, and no multiple of anything. */
const sample = Buffer.concat([
  ...Array.from({ length: 60_000 }, (_, i) =>
    Buffer.from(`INSERT INTO t VALUES (${i}, 'some words ${i % 977}');\n`),
  ),
  randomBytes(5_000_011),
  Buffer.alloc(1_000_003, 'x'),
]);
const samples = [sample, Buffer.alloc(0), Buffer.from('one line\n')];

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 777_777) yield bytes.subarray(at, at + 777_777);
}

async function encode(choices: readonly EncodingChoice[], bytes: Uint8Array): Promise<Buffer> {
  const encodings = await openEncodings(choices);
  return Buffer.concat(await Array.fromAsync(encodeThrough(encodings, pieces(bytes), signal)));
}

async function decode(
  names: readonly EncodingName[],
  bytes: Uint8Array,
  keys?: DecodingKeys,
): Promise<Buffer> {
  const encodings = await openDecodings(names, keys);
  return Buffer.concat(await Array.fromAsync(decodeThrough(encodings, pieces(bytes), signal)));
}

function assertSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.ok(
    Buffer.compare(actual, expected) === 0,
    `${what}: ${actual.length} bytes, ${expected.length} expected`,
  );
}

interface Compressor {
  readonly name: 'gzip' | 'lz4' | 'zstd';
  readonly choices: readonly EncodingChoice[];
  /** arguments with which the program writes what we read */
  readonly ways: readonly (readonly string[])[];
}

const compressors: readonly Compressor[] = [
  { name: 'gzip', choices: [{ name: 'gzip' }, { name: 'gzip', level: 1 }], ways: [['-1'], ['-9']] },
  {
    name: 'lz4',
    choices: [{ name: 'lz4' }],
    ways: [
      ['-1'],
      ['-9', '-B4', '-BD'],
      ['-BX', '-B5'],
      ['--no-frame-crc', '-BD', '-B6'],
      ['--content-size'],
    ],
  },
  {
    name: 'zstd',
    choices: [{ name: 'zstd' }, { name: 'zstd', level: 12 }],
    ways: [['-1'], ['-7', '--long=27'], ['-T0', '--no-check'], ['--rsyncable', '-B524288', '-T2']],
  },
];

for (const { name, choices, ways } of compressors) {
  suite(name, { skip: skipWithout(name) }, () => {
    test('the stock program opens ours, and finds nothing to complain of', async () => {
      for (const choice of choices) {
        for (const bytes of samples) {
          const encoded = await encode([choice], bytes);
          const opened = await runProgram(toolPath(name), ['-dc'], { input: encoded });
          assertSame(opened.bytes, bytes, name);
          assert.equal(opened.stderr, '');
        }
      }
    });

    test('ours is not larger than what the stock program makes, by 2 %', async () => {
      const theirs = await runProgram(toolPath(name), ['-c'], { input: sample });
      const ours = await encode([choices[0]!], sample);
      assert.ok(ours.length < theirs.bytes.length * 1.02, `${ours.length}, ${theirs.bytes.length}`);
    });

    test('we open what the stock program writes, also several in a row', async (t) => {
      for (const way of ways) {
        const encoded: Buffer[] = [];
        for (const bytes of samples) {
          const file = join(tempFolder(t), 'sample');
          writeFileSync(file, bytes);
          const { bytes: written } = await runProgram(toolPath(name), [...way, '-c', file]);
          assertSame(await decode([name], written), bytes, way.join(' '));
          encoded.push(written);
        }
        assertSame(
          await decode([name], Buffer.concat(encoded)),
          Buffer.concat(samples),
          `${way.join(' ')}, in a row`,
        );
      }
    });

    test('what is cut off is an error', async () => {
      for (const way of ways) {
        const { bytes } = await runProgram(toolPath(name), [...way, '-c'], { input: sample });
        for (const length of [0, 3, bytes.length >> 1, bytes.length - 1]) {
          await assert.rejects(
            decode([name], bytes.subarray(0, length)),
            { code: 'truncated' },
            `${way.join(' ')} ${length}`,
          );
        }
      }
    });
  });
}

suite('OpenPGP', { skip: skipWithout('gpg') }, () => {
  test('gpg opens ours with the key of either recipient, whatever its kind', async (t) => {
    const gpg = startGpg(t);
    const ada = await gpg.makeKey('Ada <ada@example.org>');
    const rob = await gpg.makeKey('Rob <rob@example.org>', { algorithm: 'rsa2048', passphrase: 'rob' });
    const recipients = [await gpg.exportKey(ada, { armor: true }), await gpg.exportKey(rob)];
    for (const bytes of samples) {
      const encoded = await encode([{ name: 'openpgp', recipients }], bytes);
      for (const passphrase of ['', 'rob']) {
        const mine = passphrase === '' ? ada : rob;
        const options = ['--try-secret-key', mine, '--passphrase', passphrase];
        const opened = await gpg.run([...options, '--decrypt'], { input: encoded });
        assertSame(opened.bytes, bytes, 'gpg');
        assert.doesNotMatch(opened.stderr, /warning|not integrity/i);
      }
      const only = startGpg(t);
      await only.run(['--import'], { input: readFileSync(await gpg.exportKey(ada, { secret: true })) });
      assertSame(
        (await only.run(['--decrypt'], { input: encoded })).bytes,
        bytes,
        'gpg with one of the keys',
      );
    }
  });

  test('we open what gpg writes', async (t) => {
    const gpg = startGpg(t);
    const ada = await gpg.makeKey('Ada <ada@example.org>', { passphrase: 'secret words' });
    const rob = await gpg.makeKey('Rob <rob@example.org>', { algorithm: 'rsa2048' });
    const locked: DecodingKeys = {
      openpgpKeys: [await gpg.exportKey(ada, { secret: true, armor: true, passphrase: 'secret words' })],
      passphrase: () => Promise.resolve('secret words'),
    };
    const open: DecodingKeys = { openpgpKeys: [await gpg.exportKey(rob, { secret: true })] };
    const decodings = [await openDecodings(['openpgp'], locked), await openDecodings(['openpgp'], open)];
    const ways = [
      ['-r', ada, '-r', rob],
      ['-R', ada, '-R', rob, '--compress-algo', 'none'],
      ['-r', ada, '-r', rob, '--compress-algo', 'bzip2', '--cipher-algo', 'AES256'],
      ['-r', ada, '-r', rob, '-z', '9', '--set-filename', 'a name'],
      ['-r', ada, '-r', rob, '--armor'],
    ];
    const file = join(gpg.folder, 'plain');
    for (const [i, way] of ways.entries()) {
      const bytes =
        i === 0 ? Buffer.from('one line\n') : i === 1 ? sample : sample.subarray(2_000_000, 3_100_000);
      writeFileSync(file, bytes);
      // of a file gpg knows the size, of what comes through a pipe it does not
      for (const input of [undefined, bytes]) {
        const from = input === undefined ? ['--output', '-', '--encrypt', file] : ['--encrypt'];
        const written = await gpg.run(['--trust-model', 'always', ...way, ...from], input && { input });
        for (const decoding of decodings) {
          const opened = await Array.fromAsync(decodeThrough(decoding, pieces(written.bytes), signal));
          assertSame(Buffer.concat(opened), bytes, way.join(' '));
        }
      }
    }
  });

  test('we open the AEAD form of later gpgs', async () => {
    const fixtures = join(import.meta.dirname, '..', 'fixtures', 'openpgp');
    const sealed = readFileSync(join(fixtures, 'aead.gpg'));
    const keys = { openpgpKeys: [join(fixtures, 'key.asc')] };
    const expected = 'a line that gpg 2.3 and later would seal in this way\n';
    assert.equal((await decode(['openpgp'], sealed, keys)).toString(), expected);
    sealed[sealed.length - 30]! ^= 1;
    await assert.rejects(decode(['openpgp'], sealed, keys), { code: 'corrupt' });
  });

  test('cut off or altered messages of gpg are errors', async (t) => {
    const gpg = startGpg(t);
    const ada = await gpg.makeKey('Ada <ada@example.org>');
    const keys = { openpgpKeys: [await gpg.exportKey(ada, { secret: true })] };
    const { bytes } = await gpg.run(['--trust-model', 'always', '-r', ada, '-z', '0', '--encrypt'], {
      input: sample.subarray(0, 600_000),
    });
    // of a single byte nobody can tell
    const cuts = { 0: 'truncated', 1: 'corrupt', 20: 'truncated', 3000: 'truncated' };
    const ends = { [bytes.length - 23]: 'truncated', [bytes.length - 1]: 'truncated' };
    for (const [length, code] of Object.entries({ ...cuts, ...ends })) {
      await assert.rejects(decode(['openpgp'], bytes.subarray(0, Number(length)), keys), { code }, length);
    }
    for (const at of [200, 300_000, bytes.length - 30, bytes.length - 2]) {
      const altered = Buffer.from(bytes);
      altered[at]! ^= 1;
      await assert.rejects(decode(['openpgp'], altered, keys), { code: 'corrupt' }, `byte ${at}`);
    }
  });

  test('a key that cannot be encrypted for is refused by name', async (t) => {
    const gpg = startGpg(t);
    const expired = await gpg.makeKey('Old <old@example.org>', { made: '2019-01-01', expires: '2020-02-03' });
    const signing = await gpg.makeKey('Sign <sign@example.org>', { algorithm: 'ed25519/sign' });
    const revoked = await gpg.makeKey('Gone <gone@example.org>');
    const certificate = readFileSync(join(gpg.folder, 'home', 'openpgp-revocs.d', `${revoked}.rev`), 'utf8');
    await gpg.run(['--import'], { input: certificate.replace(':-----BEGIN', '-----BEGIN') });
    const cases = [
      { key: expired, message: /\(Old <old@example\.org>\).* expired on 2020-02-03/ },
      { key: signing, message: /\(Sign <sign@example\.org>\).* is for signing alone/ },
      { key: revoked, message: /\(Gone <gone@example\.org>\).* was revoked/ },
    ];
    for (const { key, message } of cases) {
      const recipients = [await gpg.exportKey(key)];
      await assert.rejects(openEncodings([{ name: 'openpgp', recipients }]), { code: 'usage', message }, key);
    }
    const garbage = join(gpg.folder, 'garbage');
    writeFileSync(garbage, 'no key at all\n');
    await assert.rejects(openEncodings([{ name: 'openpgp', recipients: [garbage] }]), {
      code: 'usage',
      message: /has no OpenPGP certificate/,
    });
  });

  test('what was encrypted for an expired key still opens', async (t) => {
    const gpg = startGpg(t);
    const old = await gpg.makeKey('Old <old@example.org>', { made: '2019-01-01', expires: '2020-02-03' });
    const { bytes } = await gpg.run(
      ['--faked-system-time', '20190601T000000!', '--trust-model', 'always', '-r', old, '--encrypt'],
      { input: 'from then' },
    );
    const keys = { openpgpKeys: [await gpg.exportKey(old, { secret: true })] };
    assert.equal((await decode(['openpgp'], bytes, keys)).toString(), 'from then');
  });

  test('the wrong key, the wrong passphrase and none are told apart', async (t) => {
    const gpg = startGpg(t);
    const ada = await gpg.makeKey('Ada <ada@example.org>', { passphrase: 'right' });
    const eve = await gpg.makeKey('Eve <eve@example.org>');
    const encoded = await encode(
      [{ name: 'openpgp', recipients: [await gpg.exportKey(ada)] }],
      Buffer.from('x'),
    );
    const locked = await gpg.exportKey(ada, { secret: true, passphrase: 'right' });
    const other = await gpg.exportKey(eve, { secret: true });
    const wrong = { openpgpKeys: [locked], passphrase: () => Promise.resolve('wrong') };
    await assert.rejects(decode(['openpgp'], encoded, { openpgpKeys: [other] }), { code: 'wrong-password' });
    await assert.rejects(decode(['openpgp'], encoded, wrong), {
      code: 'wrong-password',
      message: /does not unlock/,
    });
    await assert.rejects(decode(['openpgp'], encoded, { openpgpKeys: [locked] }), {
      code: 'usage',
      message: /is locked/,
    });
    await assert.rejects(decode(['openpgp'], encoded), { code: 'usage', message: /private key is needed/ });
  });
});

suite('age', { skip: skipWithout('age') }, () => {
  interface Identity {
    readonly file: string;
    readonly recipient: string;
  }

  async function makeIdentity(folder: string, name: string): Promise<Identity> {
    const file = join(folder, name);
    const { stderr } = await runProgram('age-keygen', ['-o', file]);
    return { file, recipient: /age1\w+/.exec(stderr)![0] };
  }

  function start(t: TestContext): string | undefined {
    return requireTool(t, 'age') === undefined ? undefined : tempFolder(t);
  }

  test('age opens ours with the identity of either recipient', async (t) => {
    const folder = start(t)!;
    const identities = [await makeIdentity(folder, 'one'), await makeIdentity(folder, 'two')];
    const file = join(folder, 'recipients');
    writeFileSync(file, `# those who may read\n${identities[1]!.recipient}\n\n`);
    const recipients = [identities[0]!.recipient, file];
    for (const bytes of [...samples, sample.subarray(0, 65_536), sample.subarray(0, 16 * 65_536)]) {
      const encoded = await encode([{ name: 'age', recipients }], bytes);
      for (const identity of identities) {
        const opened = await runProgram(toolPath('age'), ['-d', '-i', identity.file], { input: encoded });
        assertSame(opened.bytes, bytes, 'age');
      }
    }
  });

  test('we open what age writes, and see where it was cut off or altered', async (t) => {
    const folder = start(t)!;
    const one = await makeIdentity(folder, 'one');
    const two = await makeIdentity(folder, 'two');
    const keys = { ageIdentities: [two.file] };
    for (const bytes of [...samples, sample.subarray(0, 65_536), sample.subarray(0, 32 * 65_536)]) {
      const sealed = await runProgram(toolPath('age'), ['-r', one.recipient, '-r', two.recipient], {
        input: bytes,
      });
      assertSame(await decode(['age'], sealed.bytes, keys), bytes, 'age');
      const header = sealed.bytes.length - bytes.length - 16 * Math.max(1, Math.ceil(bytes.length / 65_536));
      const ends = [0, 10, header - 20, header - 1, sealed.bytes.length - 1];
      for (let at = header; at < sealed.bytes.length && ends.length < 12; at += 65_552) ends.push(at);
      for (const end of ends) {
        await assert.rejects(
          decode(['age'], sealed.bytes.subarray(0, end), keys),
          { code: 'truncated' },
          `cut to ${end}`,
        );
      }
    }
    const eve = await makeIdentity(folder, 'eve');
    const sealed = await runProgram(toolPath('age'), ['-r', one.recipient], { input: 'x' });
    await assert.rejects(decode(['age'], sealed.bytes, { ageIdentities: [eve.file] }), {
      code: 'wrong-password',
    });
    await assert.rejects(decode(['age'], sealed.bytes), { code: 'usage', message: /identity is needed/ });
  });

  test('recipients that are none are refused', async (t) => {
    const folder = start(t)!;
    const one = await makeIdentity(folder, 'one');
    const cases = [
      { recipients: [one.file], message: /age identity in .*, where recipients are asked for/ },
      { recipients: ['age1notarecipient'], message: /is no age recipient/ },
      { recipients: ['ssh-ed25519 AAAA me'], message: /ssh keys cannot be age recipients/ },
      { recipients: [join(folder, 'absent')], message: /cannot be read/ },
    ];
    for (const { recipients, message } of cases) {
      await assert.rejects(openEncodings([{ name: 'age', recipients }]), { code: 'usage', message });
    }
  });
});
