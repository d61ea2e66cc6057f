import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createContext } from '../../kernel/context.ts';
import { hasCode } from '../../kernel/errors.ts';
import { Terminal } from '../output/terminal.ts';
import type { SecretInput } from '../prompt.ts';
import { readSecret } from '../prompt.ts';
import { waitForAnyKey } from './any-key.ts';

function somebody(isTTY: boolean, signal = new AbortController().signal) {
  const modes: boolean[] = [];
  let asked = '';
  const stream = new PassThrough();
  const input: SecretInput = Object.assign(stream, { isTTY, setRawMode: (raw: boolean) => modes.push(raw) });
  const write = (text: string | Uint8Array): boolean => {
    asked += String(text);
    return true;
  };
  const terminal = new Terminal({ stdout: { write }, stderr: { write } });
  const runtime = { stdin: () => input, terminal, context: createContext({ signal }) };
  return { stream, modes, runtime, asked: () => asked };
}

test('any key at a terminal goes on, and the terminal is as before', async () => {
  const { stream, modes, runtime, asked } = somebody(true);
  stream.write('y');
  await waitForAnyKey(runtime);
  assert.deepEqual(modes, [true, false]);
  assert.match(asked(), /Would you like to continue\?/);
});

test('Ctrl-C at a terminal does not go on', async () => {
  const { stream, modes, runtime } = somebody(true);
  stream.write('\u0003');
  await assert.rejects(waitForAnyKey(runtime), (error) => hasCode(error, 'interrupted'));
  assert.deepEqual(modes, [true, false]);
});

test('a line that is piped in goes on, and the next one answers the next question', async () => {
  const { stream, runtime } = somebody(false);
  stream.end('yes\nsecret\n');
  await waitForAnyKey(runtime);
  const { terminal, context, stdin } = runtime;
  const asking = {
    input: stdin(),
    ask: () => {},
    answered: () => terminal.answered(),
    signal: context.signal,
  };
  assert.equal(await readSecret('password', asking), 'secret');
});

test('nobody there is an error, and a signal an interruption', async () => {
  const { stream, runtime } = somebody(false);
  stream.end();
  await assert.rejects(waitForAnyKey(runtime), (error) => hasCode(error, 'usage'));
  const abort = new AbortController();
  const waiting = waitForAnyKey(somebody(true, abort.signal).runtime);
  abort.abort();
  await assert.rejects(waiting, (error) => hasCode(error, 'interrupted'));
});
