import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { askNewPassword, askPassword, configuredPassword } from './password.ts';
import type { PasswordChoice } from './password.ts';
import type { SecretInput } from './prompt.ts';
import { splitShellWords } from '../kernel/shell-words.ts';

const nothing: PasswordChoice = {
  passwordFile: undefined,
  passwordCommand: undefined,
  password: undefined,
  insecureNoPassword: false,
};
const isUsage = { name: 'HoldfastError', code: 'usage' };
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);

test('password files are trimmed and may carry a byte order mark', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-password-'));
  t.after(() => rm(folder, { recursive: true }));
  const passwordFile = join(folder, 'password');
  const cases: [Buffer, string][] = [
    [Buffer.from('  secret word \r\n'), 'secret word'],
    [Buffer.from('\ufeffpäss\n'), 'päss'],
    [Buffer.from('\ufeffpäss\n', 'utf16le'), 'päss'],
    [Buffer.from('\ufeffpäss\n', 'utf16le').swap16(), 'päss'],
  ];
  for (const [bytes, password] of cases) {
    await writeFile(passwordFile, bytes);
    assert.equal(text(await configuredPassword({ ...nothing, passwordFile })), password);
  }
  await writeFile(passwordFile, '\n');
  await assert.rejects(configuredPassword({ ...nothing, passwordFile }), isUsage);
  await assert.rejects(configuredPassword({ ...nothing, passwordFile: join(folder, 'none') }), {
    code: 'not-found',
  });
});

test('a password command is split into words and run without a shell', async () => {
  const passwordCommand = `${process.execPath} -p '"a b" + 1'`;
  assert.equal(text(await configuredPassword({ ...nothing, passwordCommand })), 'a b1');
  await assert.rejects(
    configuredPassword({ ...nothing, passwordCommand: `${process.execPath} -e process.exit(3)` }),
    /failed with status 3/,
  );
});

test('an empty password needs the flag', async () => {
  assert.equal((await configuredPassword({ ...nothing, insecureNoPassword: true }))?.length, 0);
  assert.equal(await configuredPassword(nothing), undefined);
});

test('words of a command line', () => {
  assert.deepEqual(splitShellWords(`pass  show 'my backup' "it's" a\\ b ''`), [
    'pass',
    'show',
    'my backup',
    "it's",
    'a b',
    '',
  ]);
  assert.throws(() => splitShellWords("echo 'x"), isUsage);
});

function keyboard(...typed: string[]): { input: SecretInput; asked: string[]; raw: boolean[] } {
  const asked: string[] = [];
  const raw: boolean[] = [];
  const stream = new PassThrough();
  const input: SecretInput = Object.assign(stream, {
    isTTY: true,
    setRawMode: (on: boolean) => raw.push(on),
  });
  for (const keys of typed) stream.write(keys);
  return { input, asked, raw };
}

test('a person is asked without echo, and can correct what was typed', async () => {
  const { input, asked, raw } = keyboard('sü\x7f\x7fecreT\x7ft\r');
  const signal = new AbortController().signal;
  const password = await askPassword('password: ', {
    ...{ input, signal },
    ask: (question) => asked.push(question),
    answered: () => asked.push('answered'),
  });
  assert.equal(text(password), 'ecret');
  assert.deepEqual(asked, ['password: ', 'answered']);
  assert.deepEqual(raw, [true, false]);
});

test('a new password is asked twice', async () => {
  const signal = new AbortController().signal;
  const same = keyboard('secret\rsecret\r');
  assert.equal(
    text(await askNewPassword({ input: same.input, signal, ask: () => {}, answered: () => {} })),
    'secret',
  );
  const { input } = keyboard('secret\rother\r');
  await assert.rejects(askNewPassword({ input, signal, ask: () => {}, answered: () => {} }), isUsage);
});

test('Ctrl-C at the prompt interrupts', async () => {
  const { input } = keyboard('abc\x03');
  const signal = new AbortController().signal;
  await assert.rejects(askPassword('password: ', { input, signal, ask: () => {}, answered: () => {} }), {
    code: 'interrupted',
  });
});

test('without a terminal the first line of standard input is the password', async () => {
  const input = new PassThrough();
  input.end('from a pipe\r\nsecond line\n');
  const signal = new AbortController().signal;
  assert.equal(
    text(await askNewPassword({ input, signal, ask: assert.fail, answered: assert.fail })),
    'from a pipe',
  );
  const empty = new PassThrough();
  empty.end();
  await assert.rejects(
    askPassword('', { input: empty, signal, ask: assert.fail, answered: assert.fail }),
    isUsage,
  );
});
