import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Entry } from '../../sources/entry.ts';
import type { Source } from '../../sources/source.ts';
import { beginSource } from './begun-source.ts';

const never = new AbortController().signal;
const noFile = async (): Promise<undefined> => undefined;

function nameOf({ path }: Entry): string {
  return Buffer.from(path).toString();
}

/** Tells what happens in it; its entries are named after the attempt. */
function sourceOf(startsEarly: boolean): { source: Source; happened: string[] } {
  const happened: string[] = [];
  let attempts = 0;
  async function* entries(signal: AbortSignal): AsyncGenerator<Entry, void, void> {
    const attempt = ++attempts;
    happened.push(`begun ${attempt}`);
    signal.addEventListener('abort', () => happened.push(`aborted ${attempt}`));
    try {
      for (const name of ['a', 'b']) {
        const content = { kind: 'stream', bytes: (async function* () {})() } as const;
        yield { path: Buffer.from(`${name}${attempt}`), permissions: 0o600, modified: new Date(0), content };
      }
    } finally {
      happened.push(`ended ${attempt}`);
    }
  }
  return { source: { name: 'test', startsEarly, entries }, happened };
}

test('what starts early has begun before its entries are asked for, and goes on from there', async () => {
  const { source, happened } = sourceOf(true);
  await using begun = beginSource(source, noFile, never);
  assert.deepEqual(happened, ['begun 1']);
  assert.deepEqual((await Array.fromAsync(begun.source.entries())).map(nameOf), ['a1', 'b1']);
  assert.deepEqual(happened, ['begun 1', 'ended 1']);
});

test('other sources begin when they are asked', async () => {
  const { source, happened } = sourceOf(false);
  await using begun = beginSource(source, noFile, never);
  assert.deepEqual(happened, []);
  assert.deepEqual((await Array.fromAsync(begun.source.entries())).map(nameOf), ['a1', 'b1']);
});

test('what waits for too long is ended, and begun anew', async () => {
  const { source, happened } = sourceOf(true);
  const aborted = new AbortController();
  const watching: Source = {
    ...source,
    entries(signal, previous) {
      signal.addEventListener('abort', () => aborted.abort(), { once: true });
      return source.entries(signal, previous);
    },
  };
  await using begun = beginSource(watching, noFile, never, 1);
  await once(aborted.signal, 'abort');
  assert.deepEqual((await Array.fromAsync(begun.source.entries())).map(nameOf), ['a2', 'b2']);
  assert.ok(happened.indexOf('aborted 1') < happened.indexOf('begun 2'));
  assert.ok(happened.includes('ended 1') && happened.includes('ended 2'));
});

test('what nobody asks for is ended', async () => {
  const { source, happened } = sourceOf(true);
  {
    await using _ = beginSource(source, noFile, never);
  }
  assert.deepEqual(happened, ['begun 1', 'aborted 1', 'ended 1']);
});
