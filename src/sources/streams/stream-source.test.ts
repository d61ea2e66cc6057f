import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import type { Source } from '../source.ts';
import { commandSource, streamSource } from './stream-source.ts';

const options = { filename: 'dump.sql', modified: new Date(0) };

async function read(
  source: Source,
  signal = new AbortController().signal,
): Promise<{ path: string; text: string }> {
  for await (const entry of source.entries(signal)) {
    assert.equal(entry.content.kind, 'stream');
    if (entry.content.kind !== 'stream') continue;
    let text = '';
    for await (const chunk of entry.content.bytes) text += Buffer.from(chunk).toString();
    return { path: Buffer.from(entry.path).toString(), text };
  }
  throw new Error('no entry');
}

test('a stream becomes one file', async () => {
  const stream = Readable.from([Buffer.from('one '), Buffer.from('two')]);
  assert.deepEqual(await read(streamSource('standard input', stream, options)), {
    path: '/dump.sql',
    text: 'one two',
  });
});

test('an empty stream is an error', async () => {
  await assert.rejects(read(streamSource('standard input', Readable.from([]), options)), /no data read/);
});

test('a command gives its output, and its errors line by line', async () => {
  const errors: string[] = [];
  const command = ['sh', '-c', 'echo out; echo first >&2; echo second >&2'];
  const source = commandSource(command, { ...options, filename: 'a/b' }, (line) => errors.push(line));
  assert.deepEqual(await read(source), { path: '/a/b', text: 'out\n' });
  assert.deepEqual(errors, ['first', 'second']);
});

test('a failing command fails the stream after its output', async () => {
  const failing = (command: string[]) => read(commandSource(command, options, () => {}));
  await assert.rejects(failing(['sh', '-c', 'echo partial; exit 3']), /command failed: exit status 3/);
  await assert.rejects(failing(['/no/such/program']), {
    message: 'failed to start command: /no/such/program: no such file or directory',
  });
  await assert.rejects(failing(['no-such-program']), {
    message: 'failed to start command: there is no program no-such-program',
    hint: /\$PATH/,
  });
  await assert.rejects(failing(['/etc/passwd']), {
    message: 'failed to start command: /etc/passwd: permission denied',
  });
  await assert.rejects(failing(['sh', '-c', 'kill -9 $$']), /signal: SIGKILL/);
});

test('an aborted command is killed', async () => {
  const abort = new AbortController();
  const reading = read(
    commandSource(['sh', '-c', 'echo begun; exec sleep 60'], options, () => {}),
    abort.signal,
  );
  setImmediate(() => abort.abort());
  await assert.rejects(reading, (error) => hasCode(error, 'interrupted'));
});

test('reading stops at the abort, whatever the command started', { timeout: 20_000 }, async () => {
  const abort = new AbortController();
  const command = ['sh', '-c', 'echo begun; sleep 30; echo done'];
  for await (const entry of commandSource(command, options, () => {}).entries(abort.signal)) {
    assert.ok(entry.content.kind === 'stream');
    const pieces = entry.content.bytes[Symbol.asyncIterator]();
    assert.equal((await pieces.next()).value?.toString(), 'begun\n');
    const next = pieces.next();
    abort.abort();
    await assert.rejects(next, (error) => hasCode(error, 'interrupted'));
  }
});
