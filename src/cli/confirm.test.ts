/** A question that matters is asked of a person alone, and only yes is a yes. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { systemClock } from '../kernel/clock.ts';
import { confirm } from './confirm.ts';
import { Terminal } from './output/terminal.ts';

function person(answer: string | undefined, isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY });
  if (answer !== undefined) input.write(answer);
  let shown = '';
  const abort = new AbortController();
  const stderr = { write: (text: string | Uint8Array) => ((shown += String(text)), true) };
  const invocation = {
    stdin: () => input,
    terminal: new Terminal({ stdout: stderr, stderr }),
    context: { signal: abort.signal, clock: systemClock, warn: () => {} },
  };
  return { invocation, abort, shown: () => shown };
}

it('takes yes for a yes, and everything else for a no', async () => {
  for (const [answer, expected] of [
    ['yes\n', true],
    [' Y \n', true],
    ['no\n', false],
    ['\n', false],
    ['yes please\n', false],
  ] as const) {
    const { invocation, shown } = person(answer, true);
    assert.equal(await confirm('go on?', invocation), expected, JSON.stringify(answer));
    assert.match(shown(), /go on\? \[yes\/no\]/);
  }
});

it('asks nobody who is not there', async () => {
  const { invocation, shown } = person('yes\n', false);
  await assert.rejects(confirm('go on?', invocation), { code: 'usage', hint: '--yes says yes' });
  assert.equal(shown(), '');
});

it('ends when it is interrupted', async () => {
  const { invocation, abort } = person(undefined, true);
  const asked = confirm('go on?', invocation);
  setImmediate(() => abort.abort());
  await assert.rejects(asked, { code: 'interrupted' });
});
